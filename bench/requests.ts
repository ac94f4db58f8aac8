// The requests of the benchmark: whatever is not answered as it should be ends it.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const json = { 'content-type': 'application/json' };

/** How many requests were asked again because the service was too busy (503): figures of such a run say little. */
export const refused = { times: 0 };

/** @throws Error when the answer is not a success */
export function post(url: string, body: unknown, accept = 'application/json'): Promise<Response> {
  // A start that was not answered in time may have happened: asked again, it must not happen twice.
  const headers = { ...json, accept, 'idempotency-key': randomUUID() };
  return ask(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Asks again when it is told to, as a client should. */
async function ask(url: string, request: RequestInit = {}): Promise<Response> {
  for (;;) {
    const response = await fetch(url, request);
    if (response.ok) return response;
    const text = await response.text();
    if (response.status !== 503) throw new Error(`${response.url} answered ${response.status}: ${text}`);
    refused.times++;
    await sleep(Number(response.headers.get('retry-after') ?? 1) * 1000);
  }
}

/** Starts `five` and waits for its result, as a client does: two requests. Answers where the run can be read. */
export async function runFive(service: string): Promise<string> {
  const started = await post(`${service}/api/workflows/five/runs`, { input: {} });
  await started.body?.cancel();
  const url = new URL(started.headers.get('location') ?? '', service);
  const ended = await ask(`${url.href}/result?timeout=60`);
  mustHold(await ended.text(), '"done"');
  return url.href;
}

/** From its creation to its end, as Temporal recorded them, in ms. */
export async function durationOf(run: string): Promise<number> {
  const read: unknown = await (await ask(run)).json();
  const { created_at, completed_at } = times.parse(read);
  return Date.parse(completed_at) - Date.parse(created_at);
}

const times = z.object({ created_at: z.string(), completed_at: z.string() });

export async function floorFive(floor: string): Promise<void> {
  mustHold(await (await post(`${floor}/five`, {})).text(), '"done"');
}

/** Reads a stream to its end. Resolves to the time of the first `token` and the number of bytes. @throws without `end` */
export async function hear(
  response: Response,
  { token, end }: { token: string; end: string },
): Promise<{ firstAt: number; bytes: number }> {
  const decoder = new TextDecoder();
  let tail = '';
  let firstAt = 0;
  let bytes = 0;
  let ended = false;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    const text = tail + decoder.decode(chunk, { stream: true });
    if (firstAt === 0 && text.includes(token)) firstAt = performance.now();
    ended ||= text.includes(end);
    tail = text.slice(-100);
  }
  if (!ended) throw new Error(`A stream of ${bytes} bytes ended without ${end}: ${tail}`);
  if (firstAt === 0) throw new Error(`A stream of ${bytes} bytes has no ${token}.`);
  return { firstAt, bytes };
}

/** In ms, from the request on. The stream is read to its end. */
export async function firstToken(url: string, body: unknown, mark: { token: string; end: string }): Promise<number> {
  const begin = performance.now();
  const { firstAt } = await hear(await post(url, body, 'text/event-stream'), mark);
  return firstAt - begin;
}

/** How the two streams show a token and their end. */
export const marks = {
  service: { token: 'event: content_delta', end: 'event: run_completed' },
  model: { token: 'response.output_text.delta', end: 'response.completed' },
};

function mustHold(text: string, wanted: string): void {
  if (!text.includes(wanted)) throw new Error(`${wanted} is not in this answer: ${text.slice(-500)}`);
}
