// Follows a run over connections that break: whoever reads sees every event once, in order.
import type { ClientEvent, RunEvent } from './event.ts';
import { pathOf, send, type ServerOptions, WaymarkError } from './server.ts';
import { createSseParser } from './sse.ts';

export interface FollowOptions extends ServerOptions {
  /** How many connections in a row may bring nothing before it is given up. Default: 10. */
  tries?: number;
  /** The wait after the first of them, in ms; it doubles up to 10 s. Default: 250. */
  waitMs?: number;
  /** A connection that brings nothing for so long, not even a ping, is taken for dead, in ms. Default: 45,000. */
  silenceMs?: number;
}

/** Opens the stream of a run that nothing is known of yet; asked again before its first event came, it is to be the same run. */
export type Begin = (signal: AbortSignal) => Promise<Response>;

/** Where a reader stands. */
interface Place {
  run_id: string | undefined;
  last_id: string | undefined;
}

const longestWaitMs = 10_000;

/** @throws WaymarkError when the service refuses; the last connection's error when no further one is tried */
export async function* follow(
  options: FollowOptions,
  run_id: string | undefined,
  begin?: Begin,
): AsyncGenerator<ClientEvent, void, undefined> {
  const { tries = 10, waitMs = 250, signal } = options;
  const place: Place = { run_id, last_id: undefined };
  for (let failed = 0; ;) {
    signal?.throwIfAborted();
    let wait = Math.min(longestWaitMs, waitMs * 2 ** failed);
    try {
      for await (const { event, retry } of connect(options, place, begin)) {
        failed = 0;
        wait = retry ?? waitMs;
        yield event;
        if (isLast(event)) return;
      }
      failed++;
      if (failed >= tries) throw new Error('The stream ended before the run did, again and again.');
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof WaymarkError && error.status === 410 && place.last_id !== undefined) {
        place.last_id = undefined;
        yield { type: 'restarted', data: { run_id: place.run_id ?? '' } };
        continue;
      }
      if (!isPassing(error) || ++failed >= tries) throw error;
      if (error instanceof WaymarkError && error.retryAfter !== null) wait = error.retryAfter * 1000;
    }
    await waitFor(wait, signal);
  }
}

interface Heard {
  event: RunEvent;
  retry: number | undefined;
}

/** One connection, to its end. */
async function* connect(options: FollowOptions, place: Place, begin: Begin | undefined): AsyncGenerator<Heard> {
  const { silenceMs = 45_000 } = options;
  const ending = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ending.signal]) : ending.signal;
  const silent = () => ending.abort(new TypeError(`Nothing came for ${silenceMs} ms.`));
  let timer = setTimeout(silent, silenceMs);
  try {
    const answer = await open({ ...options, signal }, place, begin);
    const reader = answer.body?.getReader();
    const parser = createSseParser();
    for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
      clearTimeout(timer);
      for (const sent of parser.take(chunk.value)) {
        const event = eventOf(sent);
        place.last_id = sent.id;
        if (event.type === 'run_started') place.run_id ??= event.data.run_id;
        yield { event, retry: parser.retry() };
      }
      timer = setTimeout(silent, silenceMs);
    }
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
}

async function open(options: FollowOptions & { signal: AbortSignal }, place: Place, begin: Begin | undefined) {
  const { run_id, last_id } = place;
  if (run_id === undefined && begin) return begin(options.signal);
  const headers = { Accept: 'text/event-stream', ...(last_id !== undefined && { 'Last-Event-ID': last_id }) };
  return send(options, { method: 'GET', path: `${pathOf(run_id ?? '')}/events`, headers });
}

function eventOf({ event, data, id }: { event: string; data: string; id: string }): RunEvent {
  // What our service sends: the types of api/events/event.ts say what that is.
  const sent: RunEvent = JSON.parse(`{"type":${JSON.stringify(event)},"id":${JSON.stringify(id)},"data":${data}}`);
  return sent;
}

const isLast = ({ type }: ClientEvent): boolean =>
  type === 'run_completed' || type === 'run_failed' || type === 'run_cancelled';

/** Broken and refused connections, a service that starts or is busy; fetch and readers throw TypeError for all of those. */
const isPassing = (error: unknown): boolean =>
  error instanceof WaymarkError
    ? error.status === 429 || error.status === 502 || error.status === 503 || error.status === 504
    : error instanceof TypeError || isBroken(error);

/** What some runtimes throw when a connection breaks within a body. */
const isBroken = (error: unknown): boolean => error instanceof Error && 'code' in error;

function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
