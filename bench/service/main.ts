// The measured service: put together as npm start does it, its flags for node included, with the benchmark's workflows
// beside the shipped ones. Prints where it is as one JSON line, then one for each step that says when it begins, and goes on
// until its standard input ends.
import { once } from 'node:events';
import { Context } from '@temporalio/activity';
import { createMemoryHub } from '../../activities/memory-hub.ts';
import { openTemporal } from '../../temporal/access.ts';
import { workerConnection } from '../../temporal/connection.ts';
import { readRecord } from '../../temporal/record.ts';
import { bundle } from '../../worker/bundle.ts';
import { clientOn } from '../../worker/client.ts';
import { launch, type Launch } from '../../worker/launch.ts';
import { installRuntime } from '../../worker/log.ts';
import { openApi } from '../../worker/open-api.ts';
import { openSandbox } from '../../worker/open-sandbox.ts';
import { openWorker } from '../../worker/open-worker.ts';
import { now } from '../clock.ts';
import * as catalogue from '../workflows/index.ts';
import { fileURLToPath } from 'node:url';

await launch(import.meta.filename, process.env, start);

async function start({ environment, temporal: config, log }: Launch): Promise<void> {
  installRuntime(log);
  const temporal = await openTemporal(config, log);
  const hub = createMemoryHub();
  const sandbox = openSandbox(environment, config, log);
  const parts = { environment, config, temporal, hub, sandbox, log };
  const connection = await workerConnection(temporal.connection, log);
  const client = clientOn(connection, config);
  const api = await openApi({ ...parts, client, eagerStart: true, catalogue });
  const worker = await openWorker({
    ...parts,
    connection,
    workflows: await bundle(fileURLToPath(new URL('../workflows/bundle.ts', import.meta.url))),
    activities: { idle: () => Promise.resolve(), tell },
  });
  const record = await readRecord(config.data);
  say({
    url: api.url,
    temporal: { pid: record?.pid, address: temporal.connection.address, namespace: config.namespace },
  });
  await once(process.stdin.resume(), 'end');
  await Promise.all([api.close(), worker.drain()]);
  await connection.close();
  await temporal.stop();
  process.exit(0);
}

/** The step that says when it begins. */
function tell(): Promise<void> {
  const at = now();
  say({ run: Context.current().info.workflowExecution?.workflowId, at });
  return Promise.resolve();
}

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
