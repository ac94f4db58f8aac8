// A client of the stream as a browser would be one: puts texts together, remembers ids, checks what must always hold.
import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal, type Frame } from '../api/events/event.ts';
import type { Streams } from '../api/events/streams.ts';

export interface ClientState {
  frames: Frame[];
  lastId: string | undefined;
  /** By step: its text as far as it was shown. */
  texts: Map<string, string>;
  /** Text of each step at the moment when its step_completed came, in order. */
  finished: { step: string; text: string; stored: string | undefined }[];
  over: boolean;
}

export const newClient = (): ClientState => ({
  frames: [],
  lastId: undefined,
  texts: new Map(),
  finished: [],
  over: false,
});

export function take(client: ClientState, frame: Frame): void {
  if (client.over) throw new Error(`${frame.type} after the end`);
  client.frames.push(frame);
  client.lastId = frame.id;
  const { texts } = client;
  if (frame.type === 'content_delta') {
    const { step, content } = frame.data;
    if (content === '') throw new Error('an empty delta');
    texts.set(step, (texts.get(step) ?? '') + content);
  } else if (frame.type === 'content_reset') {
    texts.set(frame.data.step, (texts.get(frame.data.step) ?? '').slice(0, frame.data.offset));
  } else if (frame.type === 'run_rewound') {
    texts.clear();
  } else if (frame.type === 'step_completed') {
    const { step, result } = frame.data;
    client.finished.push({ step, text: texts.get(step) ?? '', stored: textIn(result) });
    texts.delete(step);
  } else {
    client.over = isTerminal(frame.type);
  }
}

/** Reads on from where the client is: up to `count` frames, or to the end. */
export async function read(streams: Streams, run: string, client: ClientState, count = Infinity): Promise<void> {
  const subscription = await streams.subscribe(run, client.lastId);
  let left = count;
  for await (const frame of subscription) {
    take(client, frame);
    if (--left <= 0) break;
  }
  subscription.close();
}

/** The durable events, each with what tells it from others: equal for all who watched the same run. */
export function durable(client: ClientState): string[] {
  return client.frames
    .filter(({ type }) => type !== 'content_delta' && type !== 'content_reset')
    .map(({ type, timestamp, data }) => `${type} ${timestamp} ${JSON.stringify(data)}`);
}

export const repeatedIds = (client: ClientState): number =>
  client.frames.length - new Set(client.frames.map(({ id }) => id)).size;

function textIn(result: unknown): string | undefined {
  if (typeof result !== 'object' || result === null || !('text' in result)) return undefined;
  return typeof result.text === 'string' ? result.text : undefined;
}

export async function until(holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`It did not come to that within ${ms} ms.`);
    await sleep(5);
  }
}
