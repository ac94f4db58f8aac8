// Taking up a background response that an earlier attempt had asked for, instead of buying it again.
// https://platform.openai.com/docs/guides/background
import { setTimeout as sleep } from 'node:timers/promises';
import { APIError, type OpenAI } from 'openai';
import type { Attempt } from '../attempt.ts';
import type { Usage } from './prices.ts';
import type { Heard } from './question.ts';
import { responsesPieces, toUsage, wholeResponse } from './responses.ts';
import type { Watchdog } from './watchdog.ts';

const pollMs = 2000;
const stopMs = 1000;

/**
 * The response's events from its first one on: what the attempt before had heard is gone with its worker, and the
 * provider says it again at no cost. Undefined when the provider does not know the response any more.
 */
export async function takeUp(
  client: OpenAI,
  id: string,
  watchdog: Watchdog,
): Promise<AsyncIterable<Heard> | undefined> {
  try {
    const { signal } = watchdog;
    return responsesPieces(await client.responses.retrieve(id, { stream: true }, { signal }));
  } catch (error) {
    if (!(error instanceof APIError) || error.status === undefined || error.status >= 500) throw error;
    if (error.status === 404) return undefined;
    // It is streamed for some minutes only; after that it can be asked for as a whole.
    if (error.status === 400) return poll(client, id, watchdog);
    throw error;
  }
}

async function* poll(client: OpenAI, id: string, watchdog: Watchdog): AsyncGenerator<Heard> {
  const { signal } = watchdog;
  for (;;) {
    watchdog.expect('it did not say how the answer stands', 10 * pollMs);
    const response = await client.responses.retrieve(id, { stream: false }, { signal });
    if (response.status !== 'queued' && response.status !== 'in_progress') return yield* wholeResponse(response);
    await sleep(pollMs, undefined, { signal });
  }
}

/** Tells the provider to stop, since nobody wants the answer any more. Undefined when it does not say what it cost. */
export async function stopIt(client: OpenAI, id: string): Promise<Usage | undefined> {
  const response = await client.responses.cancel(id, { signal: AbortSignal.timeout(stopMs) }).catch(() => undefined);
  return toUsage(response?.usage);
}

/** Asks Temporal to remember the response before anything of it is read. */
export async function* attached(pieces: AsyncIterable<Heard>, attempt: Attempt): AsyncGenerator<Heard> {
  for await (const piece of pieces) {
    if (piece.kind === 'begun') await attempt.attach(piece.response_id);
    yield piece;
  }
}
