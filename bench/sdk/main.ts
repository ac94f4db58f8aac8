// Temporal's SDK alone, on the server of the measured service (its address and namespace are the arguments): POST /five starts
// such a run and waits for its end. A client on the worker's connection, eager starts: as the service has them.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

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

const server = createServer((_request, response) => {
  five(response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const bound = server.address();
if (typeof bound !== 'object' || !bound) throw new Error('The server has no port.');
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${bound.port}` })}\n`);
await once(process.stdin.resume(), 'end');
worker.shutdown();
await ended;
await connection.close();
process.exit(0);
