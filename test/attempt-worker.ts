// A worker for the tests of attempts: model steps against a given provider, under test/workflows/one-step.ts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { Duration } from '@temporalio/common';
import { createFunctionStore } from '../activities/functions/store.ts';
import { createActivities } from '../activities/index.ts';
import { createMemoryHub } from '../activities/memory-hub.ts';
import type { ModelConfig } from '../activities/model/config.ts';
import type { Hub } from '../activities/hub.ts';
import { attemptInterceptor } from '../activities/owner.ts';
import { blobs, createDataConverter } from '../temporal/converter.ts';
import { noSandbox } from './stub-sandbox.ts';

export interface AttemptWorkerOptions {
  address: string;
  taskQueue: string;
  model: ModelConfig;
  /** Default: a folder that goes with the worker. */
  data?: string;
  /** True: it takes steps only, and starts in no time. */
  stepsOnly?: boolean;
  /** How long the SDK holds a heartbeat back at most; default '500ms', as in production. */
  throttle?: Duration;
  /** Default '0s': a shutdown aborts what is in flight at once. */
  shutdownGrace?: string;
}

export interface AttemptWorker {
  client: Client;
  hub: Hub;
  data: string;
  stop(): Promise<void>;
}

let quiet = false;
/** Once a process: the SDK's warnings about failed attempts are what these tests make. */
function beQuiet(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
  });
}

export async function startAttemptWorker(options: AttemptWorkerOptions): Promise<AttemptWorker> {
  beQuiet();
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'waymark-attempt-')));
  const driver = blobs(data);
  const dataConverter = createDataConverter(driver);
  const connection = await NativeConnection.connect({ address: options.address });
  const hub = createMemoryHub();
  const workflows = fileURLToPath(new URL('./workflows/one-step.ts', import.meta.url));
  const worker = await Worker.create({
    connection,
    taskQueue: options.taskQueue,
    dataConverter,
    ...(!options.stepsOnly && { workflowsPath: workflows }),
    interceptors: {
      activity: [attemptInterceptor({ hub })],
      ...(!options.stepsOnly && { workflowModules: [workflows] }),
    },
    activities: createActivities({
      model: options.model,
      blobs: driver,
      data,
      fetchPage: () => Promise.reject(new Error('No pages here.')),
      sandbox: noSandbox,
      functions: createFunctionStore(data),
    }),
    maxHeartbeatThrottleInterval: options.throttle ?? '500ms',
    shutdownGraceTime: options.shutdownGrace ?? '0s',
  });
  const ran = worker.run();
  return {
    client: new Client({ connection, dataConverter }),
    hub,
    data,
    async stop() {
      worker.shutdown();
      await ran;
      await connection.close();
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}
