// npm run worker: a worker alone, as many as you like; npm run bundle: the workflows as production takes them.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createMemoryHub } from '../activities/memory-hub.ts';
import { openTemporal } from '../temporal/access.ts';
import { bundle, bundlePath } from './bundle.ts';
import { workerConnection } from '../temporal/connection.ts';
import { endOnSignal } from './ending.ts';
import { launch, type Launch } from './launch.ts';
import { installRuntime } from './log.ts';
import { createModelMeter, createRegistry } from './meters.ts';
import { openMetricsPort } from './metrics-port.ts';
import { openSandbox } from './open-sandbox.ts';
import { openWorker } from './open-worker.ts';

if (process.argv[2] === 'bundle') await writeBundle();
else await launch(import.meta.filename, process.env, start);

async function start({ environment, temporal: config, log }: Launch): Promise<void> {
  installRuntime(log);
  const registry = createRegistry();
  const port = environment.WAYMARK_METRICS_PORT;
  const metrics = port === undefined ? undefined : await openMetricsPort(registry, environment.API_HOST, port);
  const temporal = await openTemporal(config, log);
  const connection = await workerConnection(temporal.connection, log);
  const sandbox = openSandbox(environment, config, log);
  const meter = createModelMeter(registry);
  const parts = { environment, config, temporal, connection, hub: createMemoryHub(), sandbox, log, meter };
  const worker = await openWorker(parts);
  endOnSignal(log, async () => {
    await worker.drain();
    await connection.close();
    await temporal.stop();
    metrics?.close();
  });
  if (metrics) process.stdout.write(`The worker's figures are at ${metrics.url}\n`);
  process.stdout.write('The worker takes runs and steps.\n');
  await worker.ended;
}

async function writeBundle(): Promise<void> {
  const { code } = await bundle();
  await mkdir(dirname(bundlePath), { recursive: true });
  await writeFile(`${bundlePath}.part`, code);
  await rename(`${bundlePath}.part`, bundlePath);
  process.stdout.write(`${bundlePath}\n`);
}
