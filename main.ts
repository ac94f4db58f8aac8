// npm start: Temporal, API and worker for one machine, in one process; its memory is the hub.
import { setTimeout as sleep } from 'node:timers/promises';
import { createMemoryHub } from './activities/memory-hub.ts';
import { openTemporal } from './temporal/access.ts';
import { clientConnection, workerConnection } from './temporal/connection.ts';
import { clientOn } from './worker/client.ts';
import { endOnSignal } from './worker/ending.ts';
import { launch, type Launch } from './worker/launch.ts';
import { installRuntime } from './worker/log.ts';
import { createModelMeter, createRegistry } from './worker/meters.ts';
import { openApi } from './worker/open-api.ts';
import { openSandbox } from './worker/open-sandbox.ts';
import { openWorker } from './worker/open-worker.ts';

await launch(import.meta.filename, process.env, start);

async function start({ environment, temporal: config, log }: Launch): Promise<void> {
  installRuntime(log);
  const temporal = await openTemporal(config, log);
  const hub = createMemoryHub();
  const sandbox = openSandbox(environment, config, log);
  const registry = createRegistry();
  const meter = createModelMeter(registry);
  const parts = { environment, config, temporal, hub, sandbox, log, registry, meter };

  // A Temporal that is away keeps the worker waiting, not the API: it answers 503 and says why.
  const connecting = workerConnection(temporal.connection, log);
  const ready = await Promise.race([connecting, sleep(5000, undefined, { ref: false })]);
  const client = clientOn(ready ?? clientConnection(temporal.connection), config);
  const api = await openApi({ ...parts, client, eagerStart: ready !== undefined });
  process.stdout.write(
    `Waymark is at ${api.url}${temporal.uiUrl ? `, the Temporal Web UI at ${temporal.uiUrl}` : ''}\n`,
  );

  let connected = ready;
  const opening = connecting.then((connection) => openWorker({ ...parts, connection: (connected = connection) }));
  endOnSignal(log, async () => {
    // While Temporal is away there is no worker that would have to end.
    const drained = connected ? opening.then((worker) => worker.drain()) : sandbox.close();
    await Promise.all([api.close(), drained]);
    await connected?.close();
    await temporal.stop();
  });
  const worker = await opening;
  log.info('The worker takes runs and steps.');
  await worker.ended;
}
