// Temporal's SDK alone, on the server of the measured service (its address and namespace are the arguments): POST /five starts
// such a run and waits for its end. A client on the worker's connection, eager starts: as the service has them.
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { serve } from '../serving.ts';

const [address, namespace] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address });
const taskQueue = 'sdk-alone';
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue,
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./workflow.ts', import.meta.url)),
    logger: new DefaultLogger('WARN'),
  }),
  activities: { idle: () => Promise.resolve() },
  maxConcurrentActivityTaskExecutions: 100,
});
const ended = worker.run();
const client = new Client({ connection, namespace });

async function five(response: ServerResponse): Promise<void> {
  const options = { taskQueue, workflowId: randomUUID(), requestEagerStart: true };
  const result: unknown = await client.workflow.execute('five', options);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ result }));
}

await serve((_request, response) => five(response));
worker.shutdown();
await ended;
await connection.close();
process.exit(0);
