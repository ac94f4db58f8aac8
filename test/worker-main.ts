// npm run worker with the tests' workflows: WAYMARK_TEST_WORKFLOWS is the path of their bundle (test/bundle.ts).
import { createMemoryHub } from '../activities/memory-hub.ts';
import { openTemporal } from '../temporal/access.ts';
import { workerConnection } from '../temporal/connection.ts';
import { endOnSignal } from '../worker/ending.ts';
import { launch, type Launch } from '../worker/launch.ts';
import { installRuntime } from '../worker/log.ts';
import { openSandbox } from '../worker/open-sandbox.ts';
import { openWorker } from '../worker/open-worker.ts';

const codePath = process.env.WAYMARK_TEST_WORKFLOWS;
if (codePath === undefined) throw new Error('WAYMARK_TEST_WORKFLOWS is missing.');
const workflows = { codePath };
await launch(import.meta.filename, process.env, start);

async function start({ environment, temporal: config, log }: Launch): Promise<void> {
  installRuntime(log);
  const temporal = await openTemporal(config, log);
  const connection = await workerConnection(temporal.connection, log);
  const worker = await openWorker({
    environment,
    config,
    temporal,
    connection,
    hub: createMemoryHub(),
    sandbox: openSandbox(environment, config, log),
    log,
    workflows,
  });
  endOnSignal(log, async () => {
    await worker.drain();
    await connection.close();
    await temporal.stop();
  });
  process.stdout.write('The worker takes runs and steps.\n');
  await worker.ended;
}
