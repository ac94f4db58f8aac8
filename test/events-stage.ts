// A stage for the streams' tests: a worker that plays scripts, a hub, and as many API processes as wanted.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { currentAttempt } from '../activities/attempt.ts';
import { Fault } from '../activities/failures.ts';
import type { Hub } from '../activities/hub.ts';
import { createMemoryHub } from '../activities/memory-hub.ts';
import type { ModelReply } from '../activities/model/model.ts';
import { attemptInterceptor } from '../activities/owner.ts';
import { nothing } from '../activities/spent.ts';
import { historyConnection } from '../api/events/history.ts';
import { createStreams, type Streams, type StreamsOptions } from '../api/events/streams.ts';
import { blobs, createDataConverter } from '../temporal/converter.ts';
import { openPayloads } from '../temporal/payloads.ts';
import { bundle } from '../worker/bundle.ts';
import { createWorker } from '../worker/worker.ts';
import type { Act, Speech } from './workflows/events-acts.ts';

export interface Stage {
  client: Client;
  connection: NativeConnection;
  hub: Hub;
  taskQueue: string;
  /** Where stored payloads are. */
  data: string;
  start(script: Act[], id?: string): Promise<WorkflowHandle>;
  /** One more API process; closed with the stage. `calls` counts what it asks Temporal. */
  api(options?: Partial<Pick<StreamsOptions, 'hub' | 'lingerMs' | 'stallMs'>>): Promise<Api>;
  close(): Promise<void>;
}

export interface Api {
  streams: Streams;
  /** How often a page of history was asked for. */
  pages: () => number;
  /** From now on, long polls are refused as too many, or let through again. */
  refuse: (polls: boolean) => void;
}

/** `address`: of another server than the tests' own. */
export async function openStage(address = inject('temporalAddress')): Promise<Stage> {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const data = await mkdtemp(join(tmpdir(), 'waymark-stage-'));
  const dataConverter = createDataConverter(blobs(data));
  const payloads = openPayloads(dataConverter);
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace: inject('temporalNamespace'), dataConverter });
  const taskQueue = `stage-${randomUUID()}`;
  const hub = createMemoryHub();
  const worker = await createWorker({
    connection,
    client,
    dataConverter,
    taskQueue,
    activities: { speak, idle: (bytes: number) => Promise.resolve('x'.repeat(bytes)) },
    attempts: attemptInterceptor({ hub }),
    workflowBundle: await bundle(fileURLToPath(new URL('./workflows/events-acts.ts', import.meta.url))),
    slots: 100,
    stickyTimeout: '1s',
    shutdownGraceMs: 100,
  });
  const ended = worker.run();
  const closers: (() => Promise<void>)[] = [];

  return {
    client,
    connection,
    hub,
    taskQueue,
    data,
    start: (script, id = randomUUID()) => client.workflow.start('acts', { taskQueue, workflowId: id, args: [script] }),
    async api(options = {}) {
      const counted = await countedConnection(address);
      const streams = createStreams({
        connection: counted.connection,
        namespace: inject('temporalNamespace'),
        open: (payload) => payloads.value([payload]),
        hub,
        ...options,
      });
      closers.push(async () => {
        await streams.close();
        await counted.connection.close();
      });
      return { streams, pages: counted.pages, refuse: counted.refuse };
    },
    async close() {
      for (const close of closers) await close();
      worker.shutdown();
      await ended;
      await connection.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function countedConnection(address: string) {
  let count = 0;
  let refusing = false;
  const connection = await Connection.connect({ ...historyConnection(), address });
  const service = connection.workflowService;
  service.getWorkflowExecutionHistory = new Proxy(service.getWorkflowExecutionHistory, {
    apply(read, _self, [request]: [{ waitNewEvent: boolean }]) {
      count++;
      const refused = refusing && request.waitNewEvent;
      if (refused) throw Object.assign(new Error('too many'), { code: 8, details: 'too many', metadata: {} });
      return Reflect.apply(read, service, [request]);
    },
  });
  return {
    connection,
    pages: () => count,
    refuse: (polls: boolean) => {
      refusing = polls;
    },
  };
}

/** Says its text in pieces of 1 to 7 characters, like a model; takes up what an aborted round had said. */
async function speak(speech: Speech): Promise<ModelReply> {
  const attempt = currentAttempt();
  const dying = speech.dies?.[attempt.key.attempt - 1];
  const text = dying?.text ?? speech.text;
  const kept = attempt.key.attempt > 1 ? text.slice(0, speech.takes ?? 0) : '';
  const taken = attempt.resumed?.text ?? kept;
  attempt.open(taken);
  let at = taken.length;
  for (let size = 1; at < (dying?.until ?? text.length); size = (size % 7) + 1) {
    const piece = text.slice(at, Math.min(at + size, dying?.until ?? text.length));
    attempt.emit(piece);
    at += piece.length;
    attempt.spend({ input_tokens: 10, output_tokens: at, cost_usd: at / 1000, estimated: true });
    if (speech.pieceMs > 0) await sleep(speech.pieceMs, undefined, { signal: attempt.signal });
  }
  if (dying) throw new Fault('ModelUnavailable', 'The model went away.', { retry_after_ms: 1 });
  if (speech.fails) throw new Fault('ModelRejected', 'The model said no.');
  if (attempt.signal.aborted) throw new CancelledFailure('stopped');
  return {
    text,
    tool_calls: [],
    finish: 'complete',
    model: 'fake',
    response_id: 'r',
    usage: { input_tokens: 10, output_tokens: text.length, cost_usd: 0.5, estimated: false },
    wasted: attempt.wasted ?? nothing,
  };
}
