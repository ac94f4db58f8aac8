// Starting runs and following them.
import type { ClientEvent } from './event.ts';
import { follow, type FollowOptions } from './follow.ts';
import { send } from './server.ts';

export interface ChatRequest {
  agent_id: string;
  message: string;
  /** The conversation that it belongs to; without it a new one begins, named in `run_started`. */
  session_id?: string;
  user_id?: string;
  /** What else the service takes: docs/api.md. */
  [more: string]: unknown;
}

export interface StartRequest {
  input: unknown;
  tags?: string[];
  priority?: 'low' | 'normal' | 'high';
  metadata?: Record<string, unknown>;
  [more: string]: unknown;
}

/** Says something to an agent, and tells what comes of it, to the end. */
export const chat = (request: ChatRequest, options: FollowOptions = {}): AsyncGenerator<ClientEvent> =>
  begun('/api/chat', { ...request, stream: true }, options);

/** Starts a run of any workflow, and follows it. */
export const start = (
  workflow: string,
  request: StartRequest,
  options: FollowOptions = {},
): AsyncGenerator<ClientEvent> => begun(`/api/workflows/${encodeURIComponent(workflow)}/runs`, request, options);

/** Everything that a run has done, from its beginning, then live. */
export const watch = (run_id: string, options: FollowOptions = {}): AsyncGenerator<ClientEvent> =>
  follow(options, run_id);

/** The key makes of a request that got no answer, and is sent again, one run. */
function begun(path: string, body: object, options: FollowOptions): AsyncGenerator<ClientEvent> {
  const headers = { Accept: 'text/event-stream', 'Idempotency-Key': newKey() };
  return follow(options, undefined, (signal) => send({ ...options, signal }, { method: 'POST', path, body, headers }));
}

/** crypto.randomUUID is not there in pages that came over plain HTTP. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
