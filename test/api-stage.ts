// The API on the test run's real Temporal server: asked without a socket, its visibility calls counted.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import pino from 'pino';
import { inject } from 'vitest';
import { z } from 'zod';
import { createFunctionStore } from '../activities/functions/store.ts';
import { tools } from '../activities/tools/index.ts';
import { createApp } from '../api/app.ts';
import type { Catalogue } from '../api/catalogue.ts';
import type { Api, ApiDeps } from '../api/deps.ts';
import { historyConnection } from '../api/events/history.ts';
import type { Open } from '../api/events/payload.ts';
import { createStreams } from '../api/events/streams.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import { blobs, createDataConverter } from '../temporal/converter.ts';
import { openPayloads } from '../temporal/payloads.ts';
import * as shipped from '../workflows/index.ts';
import { asks } from './workflows/asks.ts';
import { six } from './workflows/six.ts';
import { functionsIn, type World } from './world.ts';

export const catalogue: Catalogue = {
  ...shipped,
  asks,
  six,
  five: { input: z.unknown() },
  raises: { input: z.unknown() },
};

export interface ApiStage {
  app: Api;
  deps: ApiDeps;
  client: Client;
  /** Calls to Temporal's visibility so far. */
  visibilityCalls(): number;
  /** What was logged, one JSON object a line. */
  log: string[];
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Starts a run and gives its id back. */
  start(workflow: string, input: unknown, more?: object): Promise<string>;
  /** Reads the run until `wanted` holds, at most 10 s. */
  until(id: string, wanted: (run: RunAnswer) => boolean): Promise<RunAnswer>;
  close(): Promise<void>;
}

export interface StageOptions extends Partial<ApiDeps> {
  /** host:port; absent: the test run's server. */
  address?: string;
}

/** With a world, on its task queue, with its hub and its payload store; else on a queue where nobody works. */
export async function openApiStage(world?: World, { address, ...deps }: StageOptions = {}): Promise<ApiStage> {
  const namespace = inject('temporalNamespace');
  const data = world?.data ?? join(tmpdir(), 'waymark-nobody');
  const dataConverter = createDataConverter(blobs(data));
  const connect = { ...historyConnection(), address: address ?? inject('temporalAddress') };
  const connection = Connection.lazy(connect);
  const visibilityCalls = countVisibility(connection);
  const client = new Client({ connection, namespace, dataConverter });
  const payloads = openPayloads(dataConverter);
  const own = Connection.lazy(connect);
  const open: Open = (payload) => payloads.value([payload]);
  const streams = createStreams({
    connection: own,
    namespace,
    open,
    hub: world?.hub,
  });
  const log: string[] = [];
  const all: ApiDeps = {
    client,
    namespace,
    streams,
    open,
    catalogue,
    functions: createFunctionStore(functionsIn(data)),
    tools: tools.map(({ name }) => name),
    taskQueue: world?.taskQueue ?? 'nobody',
    hub: world?.hub,
    config: {
      version: '0.0.0-test',
      corsOrigins: ['http://localhost:3000'],
      eagerStart: false,
      workerSeenWithinMs: 70_000,
      // The machine may be busy with other tests.
      deadlineMs: 20_000,
      showFaults: false,
    },
    log: pino({ level: 'info' }, { write: (line: string) => void log.push(line) }),
    temporalUi: 'http://127.0.0.1:8233',
    ...deps,
  };
  const app = createApp(all);

  const ask: ApiStage['ask'] = async (method, path, body, headers = {}) =>
    app.request(path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  return {
    app,
    deps: all,
    client,
    visibilityCalls,
    log,
    ask,
    async start(workflow, input, more = {}) {
      const answer = await ask('POST', `/api/workflows/${workflow}/runs`, { input, ...more });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      return (await json<{ run_id: string }>(answer)).run_id;
    },
    async until(id, wanted) {
      for (let tries = 0; ; tries++) {
        const run = await json<RunAnswer>(await ask('GET', `/api/runs/${encodeURIComponent(id)}`));
        if (wanted(run)) return run;
        if (tries > 200) throw new Error(`Not so after 10 s: ${JSON.stringify(run)}`);
        await sleep(50);
      }
    },
    async close() {
      await streams.close();
      await own.close();
      await connection.close();
    },
  };
}

/** Every error's shape, and what most answers have. */
export interface Body {
  type: string;
  detail: string | { loc: (string | number)[]; msg: string; type: string }[];
  request_id: string;
}

/** The answer's body, which the test knows the shape of. */
export async function json<T = Body>(answer: Response): Promise<T> {
  const body: T = JSON.parse(await answer.text());
  return body;
}

function countVisibility(connection: Connection): () => number {
  let calls = 0;
  const service = connection.workflowService;
  const counted = <A extends unknown[], R>(method: (...given: A) => R) => {
    const call = method.bind(service);
    return (...given: A): R => {
      calls++;
      return call(...given);
    };
  };
  Object.assign(service, {
    listWorkflowExecutions: counted(service.listWorkflowExecutions),
    countWorkflowExecutions: counted(service.countWorkflowExecutions),
  });
  return () => calls;
}
