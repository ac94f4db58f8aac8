// Seeded garbage in requests of OpenAI's protocol: refused as its clients expect, never a fault of ours.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSequence, range } from '../api/doors/openai/sequence.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';

let api: ApiStage;
/** An agent, and a response of it that nobody works on. */
const model = `garbage-${randomUUID().slice(0, 8)}`;
let known: string;

beforeAll(async () => {
  api = await openApiStage(undefined, { taskQueue: `nobody-${randomUUID()}` });
  await api.ask('POST', '/api/agents', { name: model });
  const begun = await api.ask('POST', '/v1/responses', { model, input: 'waits', background: true });
  known = (await json<{ id: string }>(begun)).id;
});
afterAll(() => api.close());

interface Refused {
  error: { message: string; type: string; param: string | null; code: string };
}

const words = ['', 'x', '\u0000', '\ud800', '日本'.repeat(80), '__proto__', '../..', '{"', '9'.repeat(30)];

function garbage(seed: number) {
  let state = seed;
  const next = (below: number): number => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
  const word = (): string => words[next(words.length)]!;
  const value = (depth = 0): unknown => {
    const kind = next(depth > 3 ? 5 : 8);
    if (kind === 0) return null;
    if (kind === 1) return next(2) === 1;
    if (kind === 2) return (next(2000) - 1000) / 3;
    if (kind <= 4) return word();
    if (kind === 5) return Array.from({ length: next(3) }, () => value(depth + 1));
    if (kind === 6)
      return [{ role: ['user', 'assistant', 'system', 'tool', word()][next(5)], content: value(depth + 1) }];
    return Object.fromEntries(Array.from({ length: next(4) }, () => [word() || 'type', value(depth + 1)]));
  };
  return { next, value };
}

test('spoilt bodies are 400 and name what is wrong, or are taken', async () => {
  const { next, value } = garbage(7);
  const seen = new Map<number, number>();
  const responses = [
    'input',
    'instructions',
    'previous_response_id',
    'conversation',
    'metadata',
    'text',
    'tools',
    'user',
  ];
  const completions = ['messages', 'n', 'response_format', 'stream_options', 'metadata', 'user', 'tools', 'functions'];
  for (let i = 0; i < 160; i++) {
    const isResponse = i % 2 === 0;
    const body: Record<string, unknown> = isResponse
      ? { model, input: 'x', background: true }
      : { model, messages: [{ role: 'user', content: 'x' }], stream: true };
    const keys = isResponse ? responses : completions;
    for (let n = 1 + next(2); n > 0; n--) body[keys[next(keys.length)]!] = value();
    const path = isResponse ? '/v1/responses' : '/v1/chat/completions';
    const answer = await api.ask('POST', path, body);
    seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
    const fine = answer.status === 200;
    const text = fine ? '' : await answer.text();
    await answer.body?.cancel().catch(() => {});
    // No worker is there that could take a turn of a session.
    if (answer.status >= 500 && !text.includes('no_worker'))
      throw new Error(`${answer.status} ${text} for ${JSON.stringify(body)}\n${api.log.slice(-2).join('')}`);
    if (fine) continue;
    const { error }: Refused = JSON.parse(text);
    expect(error).toEqual({
      message: expect.any(String),
      type: expect.any(String),
      param: answer.status === 400 ? expect.any(String) : error.param,
      code: expect.any(String),
    });
  }
  expect(seen.get(400)).toBeGreaterThan(20);
  expect(seen.get(200)).toBeGreaterThan(10);
});

test.each(['', '?stream=true&starting_after=x', '?stream=perhaps', '?starting_after=1.5', '/input_items?limit=0'])(
  'of a response, %s is told or refused',
  async (query) => {
    const answer = await api.ask('GET', `/v1/responses/${known}${query}`);
    expect(answer.status).toBe(query === '' ? 200 : 400);
  },
);

test('a response that nobody works on is queued, and its stream says that it was created', async () => {
  expect(await json(await api.ask('GET', `/v1/responses/${known}`))).toMatchObject({ status: 'queued', output: [] });
  const stream = await api.ask('GET', `/v1/responses/${known}?stream=true`);
  const reader = stream.body!.getReader();
  let text = '';
  while (!text.includes('response.in_progress')) text += new TextDecoder().decode((await reader.read()).value);
  expect(text).toMatch(/event: response.created\ndata: .*"sequence_number":0/);
  await reader.cancel();
});

test('numbers of a text do not depend on its pieces, nor on tries that were lost', () => {
  const told = (tries: number[][]): number[] => {
    const sequence = createSequence();
    const numbers = [sequence.next(), sequence.next()];
    tries.forEach((pieces, trial) => {
      if (trial > 0) sequence.restart();
      expect(sequence.enter(trial)).toBe(true);
      sequence.next();
      for (const piece of pieces) sequence.next(piece);
    });
    sequence.leave();
    return [...numbers, sequence.next()];
  };
  expect(told([[10]])).toEqual(told([[1, 2, 3, 4]]));
  expect(told([[10]]).at(-1)).toBe(13);
  expect(told([[7, 7], [10]]).at(-1)).toBe(range + 13);
  expect(told([[7], [], [3, 7]]).at(-1)).toBe(2 * range + 13);
});

test('a text that begins anew in the try that it was told in has no number', () => {
  const sequence = createSequence();
  sequence.enter(1);
  sequence.next(5);
  sequence.restart();
  expect(sequence.enter(1)).toBe(false);
  expect(sequence.enter(2)).toBe(true);
});
