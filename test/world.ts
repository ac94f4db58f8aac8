// A whole Waymark for a test: worker, hub and client on the run's real Temporal server, with a fake model provider.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { createFunctionStore } from '../activities/functions/store.ts';
import type { Hub } from '../activities/hub.ts';
import type { HistoryEvent } from '../activities/journal/history.ts';
import { createHistoryReader, type HistoryReader } from '../activities/journal/reader.ts';
import { createActivities } from '../activities/index.ts';
import { createMemoryHub } from '../activities/memory-hub.ts';
import type { ModelMeter } from '../activities/model/meter.ts';
import { attemptInterceptor } from '../activities/owner.ts';
import { createPageFetcher, type PageConfig } from '../activities/page/fetcher.ts';
import { createFetchPage } from '../activities/page/step.ts';
import { createMcp, type Mcp } from '../activities/tools/mcp/mcp.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import { blobs, createDataConverter } from '../temporal/converter.ts';
import { openHistory } from '../temporal/payloads.ts';
import { historiesOf } from '../worker/histories.ts';
import { createTurns } from '../worker/turns.ts';
import { createWorker, type Workers } from '../worker/worker.ts';
import { noSandbox } from './stub-sandbox.ts';
import { type FakeOpenAI, startOpenAI } from './openai.ts';

export interface WorldOptions {
  protocol?: 'responses' | 'chat';
  slots?: number;
  pages?: PageConfig;
  /** Tool servers: which, and for how long. Those of loopback are `pages.allow`. */
  mcp?: Omit<Parameters<typeof createMcp>[0] & object, 'network'>;
  /** For Python programs; without it there is none. It is not closed with the world. */
  sandbox?: Sandbox;
  /** Counts model calls. */
  meter?: ModelMeter;
  /** More activities, for test workflows. */
  activities?: object;
  /** Another Temporal server than the test run's. */
  address?: string;
  /** Histories that no server has: `undefined` for all others. */
  recorded?: (run: string) => HistoryEvent[] | undefined;
  /** Path of another bundle than the tests' own; `release` changes it for the next worker. */
  bundle?: string;
  /** Another world's, whose worker has gone. */
  taskQueue?: string;
  /** Of workflows that a worker holds; 0: each task replays the whole history. */
  cached?: number;
  /** False: nobody works until `hire`. */
  worker?: boolean;
}

export interface World {
  openai: FakeOpenAI;
  client: Client;
  connection: NativeConnection;
  hub: Hub;
  /** WAYMARK_DATA. */
  data: string;
  mcp: Mcp;
  /** This world's own: nobody else's worker takes its tasks. */
  taskQueue: string;
  start(type: string, input: unknown, id?: string): Promise<WorkflowHandle>;
  hire(): Promise<void>;
  /** Another worker takes over, with another bundle. */
  release(bundle: string): Promise<void>;
  /** Ends the worker, letting steps end. */
  dismiss(): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  installOnce();
  const openai = await startOpenAI();
  const data = await mkdtemp(join(tmpdir(), 'waymark-world-'));
  const driver = blobs(data);
  const dataConverter = createDataConverter(driver);
  const connection = await NativeConnection.connect({ address: options.address ?? inject('temporalAddress') });
  const client = new Client({ connection, namespace: inject('temporalNamespace'), dataConverter });
  const taskQueue = options.taskQueue ?? `test-${randomUUID()}`;
  const hub = createMemoryHub();
  const pages = createPageFetcher(options.pages);
  const model = {
    baseURL: openai.url,
    apiKey: 'test',
    protocol: options.protocol ?? 'responses',
    model: 'gpt-4o-mini',
    limits: { firstEventMs: 1500, thinkMs: 1500, idleMs: 1500 },
  };
  const mcp = createMcp({ path: process.env['PATH'], ...options.mcp, network: options.pages });
  const shipped = createActivities({
    model,
    blobs: driver,
    data,
    fetchPage: createFetchPage(pages),
    sandbox: options.sandbox ?? noSandbox,
    functions: createFunctionStore(functionsIn(data)),
    mcp,
    meter: options.meter,
    // Those that no server has are not there to be asked for.
    histories: options.recorded ? undefined : historiesOf(client, dataConverter),
  });
  let bundle = options.bundle ?? inject('workflowBundle');
  let working: { worker: Workers; ended: Promise<void> } | undefined;

  const hire = async () => {
    const worker = await createWorker({
      connection,
      client,
      dataConverter,
      taskQueue,
      turns: createTurns({ client, taskQueue, dataConverter, blobs: driver }),
      activities: { ...shipped, idle: () => Promise.resolve(), ...options.activities },
      attempts: attemptInterceptor({ hub }),
      workflowBundle: { codePath: bundle },
      slots: options.slots ?? 50,
      stickyTimeout: '1s',
      shutdownGraceMs: 2000,
      cachedWorkflows: options.cached,
      readHistory:
        options.recorded && readingRecorded(options.recorded, createHistoryReader(client, openHistory(dataConverter))),
    });
    working = { worker, ended: worker.run() };
  };
  const dismiss = async () => {
    working?.worker.shutdown();
    await working?.ended;
    working = undefined;
  };
  if (options.worker !== false) await hire();

  return {
    openai,
    client,
    connection,
    hub,
    data,
    mcp,
    taskQueue,
    start: (type, input, id = randomUUID()) =>
      client.workflow.start(type, { taskQueue, workflowId: id, args: [input], requestEagerStart: true }),
    hire,
    async release(next) {
      await dismiss();
      bundle = next;
      await hire();
    },
    dismiss,
    async close() {
      await dismiss();
      await pages.close();
      await mcp.close();
      await connection.close();
      await openai.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** USER_TASKS_DIR of a world. */
export const functionsIn = (data: string): string => join(data, 'user_tasks');

function readingRecorded(recorded: NonNullable<WorldOptions['recorded']>, read: HistoryReader): HistoryReader {
  return async function* from(place) {
    const events = recorded(place.run);
    if (events) yield events;
    else yield* read(place);
  };
}

let installed = false;

function installOnce(): void {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  installed = true;
}
