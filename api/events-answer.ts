// Answers a request with the event stream of a run.
import type { Context } from 'hono';
import { inLongTime } from './deadline.ts';
import type { Core } from './deps.ts';
import { ApiError, runNotFound } from './errors.ts';
import { RunNotFound, StreamIdError } from './events/errors.ts';
import { sseBody, sseHeaders, type SseOptions } from './events/sse.ts';
import type { Subscription } from './events/streams.ts';
import type { Started } from './runs/start.ts';

/** Throws ApiError before the first byte; after that a fault ends the stream, and the client comes back with its last id. */
export function subscribe(deps: Core, id: string, lastEventId?: string): Promise<Subscription> {
  return subscribed(deps, id, deps.streams.subscribe(id, lastEventId));
}

async function subscribed(deps: Core, id: string, subscribing: Promise<Subscription>): Promise<Subscription> {
  try {
    return await inLongTime(deps, subscribing);
  } catch (error) {
    // One that comes too late has nobody who would leave it.
    subscribing.then((subscription) => subscription.close()).catch(() => {});
    if (error instanceof RunNotFound) throw runNotFound(id);
    if (error instanceof StreamIdError) throw new ApiError(error.status, error.type, error.detail, { cause: error });
    throw error;
  }
}

export async function sendEvents(deps: Core, c: Context, id: string, lastEventId?: string): Promise<Response> {
  return send(c, await subscribe(deps, id, lastEventId));
}

/** The stream from its beginning, to whoever started the run. */
export async function sendStart(deps: Core, c: Context, run: Started): Promise<Response> {
  if (run.kind === 'known') return sendEvents(deps, c, run.id);
  return send(c, await subscribed(deps, run.id, deps.streams.subscribeNew(run.id, run.timeline)));
}

/** Of a HEAD nobody takes the body, so that nobody would ever leave. */
export function send(c: Context, subscription: Subscription, options: SseOptions = {}): Response {
  if (c.req.method !== 'HEAD') return c.body(sseBody(subscription, options), 200, sseHeaders);
  subscription.close();
  return c.body(null, 200, sseHeaders);
}
