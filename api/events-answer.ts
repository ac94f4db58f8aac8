// Answers a request with the event stream of a run.
import type { Context } from 'hono';
import { explain } from './deadline.ts';
import { sseBody, sseHeaders } from './delivery.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, runNotFound, temporalUnavailable } from './errors.ts';
import { RunNotFound, StreamIdError } from './events/errors.ts';
import type { Subscription } from './events/streams.ts';

/** A stream begins within this time or not at all, in ms. */
const beginsWithinMs = 1600;

/** Throws ApiError before the first byte; after that a fault ends the stream, and the client comes back with its last id. */
export async function subscribe({ streams }: ApiDeps, id: string, lastEventId?: string): Promise<Subscription> {
  let timer: NodeJS.Timeout | undefined;
  const subscribing = streams.subscribe(id, lastEventId);
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(temporalUnavailable(undefined)), beginsWithinMs);
  });
  try {
    return await Promise.race([subscribing, late]);
  } catch (error) {
    // One that comes too late has nobody who would leave it.
    subscribing.then((subscription) => subscription.close()).catch(() => {});
    throw streamError(error, id);
  } finally {
    clearTimeout(timer);
  }
}

function streamError(error: unknown, id: string): unknown {
  if (error instanceof RunNotFound) return runNotFound(id);
  if (error instanceof StreamIdError) return new ApiError(error.status, error.type, error.detail, { cause: error });
  return explain(error);
}

export async function sendEvents(deps: ApiDeps, c: Context, id: string, lastEventId?: string): Promise<Response> {
  const subscription = await subscribe(deps, id, lastEventId);
  return c.body(sseBody(subscription), 200, sseHeaders);
}
