// A worker with all that its steps need, made from the environment; ended without losing a step.
import type { NativeConnection, WorkflowBundleOption } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Hub } from '../activities/hub.ts';
import { createFunctionStore } from '../activities/functions/store.ts';
import { createActivities } from '../activities/index.ts';
import { type DemoModel, startDemoModel } from '../activities/model/demo.ts';
import type { ModelConfig } from '../activities/model/config.ts';
import type { ModelMeter } from '../activities/model/meter.ts';
import { attemptInterceptor } from '../activities/owner.ts';
import { createPageFetcher } from '../activities/page/fetcher.ts';
import { createFetchPage } from '../activities/page/step.ts';
import { createMcp } from '../activities/tools/mcp/mcp.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import type { Temporal } from '../temporal/access.ts';
import type { TemporalConfig } from '../temporal/config.ts';
import { blobs, createDataConverter, createKeeper } from '../temporal/converter.ts';
import { taskQueue } from '../workflows/runtime/messages.ts';
import { workflowBundle } from './bundle.ts';
import type { Environment } from './environment.ts';
import { clientOn } from './client.ts';
import { createTurns } from './turns.ts';
import { historiesOf } from './histories.ts';
import { createWorker } from './worker.ts';

export interface WorkerParts {
  environment: Environment;
  config: TemporalConfig;
  temporal: Temporal;
  connection: NativeConnection;
  hub: Hub;
  /** Ends with the worker. */
  sandbox: Sandbox;
  log: Logger;
  /** Counts the calls of the model. */
  meter?: ModelMeter;
  /** Another catalogue than the shipped one. */
  workflows?: WorkflowBundleOption;
  /** Beside the shipped ones, for workflows that are not shipped. */
  activities?: object;
}

export interface OpenWorker {
  /** Settles when the worker has ended; rejects when it ended by a fault of its own. */
  ended: Promise<void>;
  /** Takes no more, lets steps in flight end for the grace period, then ends. */
  drain(): Promise<void>;
}

export async function openWorker(parts: WorkerParts): Promise<OpenWorker> {
  const { environment, config, connection, hub, log, temporal } = parts;
  const driver = blobs(config.data);
  const { model, demo } = await openModel(environment, log);
  const pages = createPageFetcher({ allow: environment.PAGE_ALLOW, ports: environment.PAGE_PORTS });
  const mcp = createMcp({
    commands: environment.MCP_COMMANDS,
    secrets: environment.MCP_SECRETS,
    path: environment.PATH,
    network: { allow: environment.PAGE_ALLOW, ports: environment.PAGE_PORTS },
  });
  const client = clientOn(connection, config);
  const dataConverter = createDataConverter(driver);
  const shipped = createActivities({
    model,
    blobs: driver,
    data: config.data,
    fetchPage: createFetchPage(pages),
    sandbox: parts.sandbox,
    functions: createFunctionStore(environment.USER_TASKS_DIR),
    mcp,
    histories: historiesOf(client, dataConverter),
    meter: parts.meter,
  });
  const worker = await createWorker({
    connection,
    client,
    dataConverter,
    taskQueue,
    turns: createTurns({ client, taskQueue, dataConverter, blobs: driver }),
    activities: { ...shipped, ...parts.activities },
    attempts: attemptInterceptor({ hub, keep: createKeeper(driver) }),
    workflowBundle: parts.workflows ?? (await workflowBundle(environment.NODE_ENV === 'production')),
    slots: environment.WAYMARK_WORKER_SLOTS,
    stickyTimeout: temporal.kind === 'external' ? '5s' : '1s',
    shutdownGraceMs: environment.WAYMARK_SHUTDOWN_GRACE_S * 1000,
  });
  const work = async () => {
    try {
      await worker.run();
    } finally {
      await pages.close();
      await mcp.close();
      await parts.sandbox.close();
      await demo?.close();
    }
  };
  const ended = work();
  ended.catch(() => {});
  return {
    ended,
    async drain() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}

/** Without a key the demo model answers, over the same protocol. */
async function openModel(
  environment: Environment,
  log: Logger,
): Promise<{ model: ModelConfig; demo: DemoModel | undefined }> {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_API, OPENAI_MODEL, OPENAI_BACKGROUND } = environment;
  if (OPENAI_API_KEY !== '') {
    const model: ModelConfig = {
      baseURL: OPENAI_BASE_URL,
      apiKey: OPENAI_API_KEY,
      protocol: OPENAI_API,
      model: OPENAI_MODEL,
      background: OPENAI_BACKGROUND,
    };
    return { model, demo: undefined };
  }
  const demo = await startDemoModel();
  log.warn('No OPENAI_API_KEY: the built-in demo model answers. Its texts are made up.');
  return { model: { baseURL: demo.url, apiKey: 'demo', protocol: 'responses', model: 'waymark-demo' }, demo };
}
