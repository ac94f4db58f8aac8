// What the API is made of: everything it needs comes in here, so that nothing happens at import.
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Client } from '@temporalio/client';
import type { RequestIdVariables } from 'hono/request-id';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { FunctionStore } from '../activities/functions/store.ts';
import type { Hub } from '../activities/hub.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import type { Auth } from './auth/auth.ts';
import type { Caller } from './auth/caller.ts';
import type { WrittenAgents } from './agents/written.ts';
import type { MayUse } from './agents/definitions.ts';
import type { Catalogue } from './catalogue.ts';
import type { Lanes } from './chat/lanes.ts';
import type { ResearchConfig } from './doors/research/config.ts';
import type { ApiError } from './errors.ts';
import type { Open } from './events/payload.ts';
import type { Streams } from './events/streams.ts';
import type { Records } from './runs/records.ts';
import type { Removed } from './runs/removed.ts';
import type { Workers } from './workers.ts';

export interface ApiConfig {
  version: string;
  /** Exact origins that browsers may call from, with credentials. */
  corsOrigins: readonly string[];
  /** Ask for the first workflow task with the start: for a client on a worker's own connection. */
  eagerStart: boolean;
  /**
   * A worker counts as present when it has polled within this time, in ms; must be more than the server's
   * matching.longPollExpirationInterval (10 s on ours, 60 s by default).
   */
  workerSeenWithinMs: number;
  /** How long one question to Temporal may take, in ms. Default: 1500, so that an answer comes within 2 s. */
  deadlineMs?: number;
  /** Absent: as by default. */
  research?: ResearchConfig;
  /** True: clients see the text of unexpected faults. Only for LOG_LEVEL=debug on loopback. */
  showFaults: boolean;
}

export interface ApiDeps {
  client: Client;
  namespace: string;
  taskQueue: string;
  streams: Streams;
  /** Opens a payload of history, stored ones included. */
  open: Open;
  /** The in-process hub, when API and worker share a process. */
  hub?: Hub;
  /** How the sandbox is, when the worker that has it shares the process. */
  sandbox?: Pick<Sandbox, 'state'>;
  functions: FunctionStore;
  /** Who may ask; absent: auth is off. */
  auth?: Auth;
  /** Names of the tools that agents may have. */
  tools: readonly string[];
  catalogue: Catalogue;
  config: ApiConfig;
  log: Logger;
  /** Of the process, shown at /metrics with what the API counts itself. */
  registry?: Registry;
  /** Base address of the Temporal Web UI, without a slash at the end. */
  temporalUi?: string;
  /** Ms since the epoch. */
  clock?: () => number;
}

/**
 * The dependencies with what the app itself keeps: what the functions of routes get. `records`, `streams`, `functions` and
 * agents are narrowed to what whoever asks may know of (auth/narrow.ts).
 */
export interface Core extends ApiDeps {
  /** Throws outside of a request when auth is on. */
  caller(): Caller;
  /** To whom belongs what the caller makes, as search attributes have it. Undefined: auth is off. */
  owner(): string | undefined;
  mayUse: MayUse;
  workers: Workers;
  records: Records;
  removed: Removed;
  writtenAgents: WrittenAgents;
  /** Of one session. */
  updates: Lanes;
}

interface DoorVariables {
  /** What a door's clients read in errors, beside what all do. */
  inErrors?: (error: ApiError) => Record<string, unknown>;
}

export type ApiEnv = { Variables: RequestIdVariables & DoorVariables };
export type Api = OpenAPIHono<ApiEnv>;
