// Requests of OpenAI's protocol that come once more, with a key or because a connection broke: they are bought once.
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { type Http2Bindings, type HttpBindings, serve } from '@hono/node-server';
import OpenAI, { BadRequestError, ConflictError } from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiStage, openApiStage } from './api-stage.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let api: ApiStage;
let server: ReturnType<typeof serve>;
let openai: OpenAI;
/** Of the requests to come so many lose their connection, each when what it says has come true. */
let cuts: (() => Promise<unknown>)[] = [];
const model = `again-${randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  world = await openWorld();
  api = await openApiStage(world);
  const fetch = async (request: Request, { incoming }: HttpBindings | Http2Bindings) => {
    const cut = request.method === 'POST' ? cuts.shift() : undefined;
    const answer = api.app.fetch(request);
    if (!cut) return answer;
    await cut();
    incoming.socket.destroy();
    return answer;
  };
  server = serve({ fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const at = server.address();
  const baseURL = `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}/v1`;
  openai = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 2 });
  await api.ask('POST', '/api/agents', { name: model, tools: ['calculate'] });
});
afterAll(async () => {
  server.close();
  await api.close();
  await world.close();
});
beforeEach(() => {
  cuts = [];
  world.openai.reset();
});

const ask = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] });
const bought = (text: string) => world.openai.ledger.filter(({ prompt }) => prompt === text).length;
const runOf = (id: string): string => id.replace(/^(resp_|chatcmpl-)/, '');

test('the same key and request are one run, of completions and of responses; another request under it is 409', async () => {
  const keyed = { headers: { 'Idempotency-Key': randomUUID() } };
  const first = await openai.responses.create({ model, input: 'keyed response' }, keyed);
  const again = await openai.responses.create({ model, input: 'keyed response' }, keyed);
  expect([again.id, again.output_text]).toEqual([first.id, first.output_text]);
  expect(bought('keyed response')).toBe(1);
  const next = { model, input: 'keyed and later', previous_response_id: first.id };
  const later = { headers: { 'Idempotency-Key': randomUUID() } };
  const second = await openai.responses.create(next, later);
  expect((await openai.responses.create(next, later)).id).toBe(second.id);
  expect(bought('keyed and later')).toBe(1);
  const another = { headers: { 'Idempotency-Key': randomUUID() } };
  const { id } = await openai.chat.completions.create(ask('keyed completion'), another);
  expect((await openai.chat.completions.create(ask('keyed completion'), another)).id).toBe(id);
  expect(bought('keyed completion')).toBe(1);
  const hasty = { maxRetries: 0 };
  for (const wrong of [
    () => openai.responses.create({ model, input: 'something else' }, { ...keyed, ...hasty }),
    () => openai.responses.create({ ...next, input: 'another word' }, { ...later, ...hasty }),
    () => openai.chat.completions.create(ask('something else'), { ...another, ...hasty }),
  ]) {
    const error: unknown = await wrong().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ code: 'idempotency_key_reused', type: 'invalid_request_error' });
  }
  expect(bought('something else') + bought('another word')).toBe(0);
});

test.each([
  ['a completion', (text: string) => openai.chat.completions.create(ask(text))],
  ['a response', (text: string) => openai.responses.create({ model, input: text })],
  [
    'a response with a history',
    (text: string) =>
      openai.responses.create({
        model,
        input: [
          { role: 'user', content: 'Hi.' },
          { role: 'user', content: text },
        ],
      }),
  ],
])('%s whose connection breaks is asked for again by the package itself, and bought once', async (what, create) => {
  const text = `lost: ${what}`;
  world.openai.script({ match: text, tokens: 60, tokenMs: 20 });
  cuts = [() => world.openai.until(() => bought(text) > 0)];
  const given = await create(text);
  expect(cuts).toEqual([]);
  expect(bought(text)).toBe(1);
  // By another request, and not by one that comes again, it is bought again.
  await create(text);
  expect(bought(text)).toBe(2);
  const run = await api.until(runOf(given.id), ({ status }) => status === 'completed');
  expect(run.response_content).toBe('output_text' in given ? given.output_text : given.choices[0]!.message.content);
});

test('a stream whose connection breaks before it began, and one that goes on from a response, are bought once', async () => {
  const before = await openai.responses.create({ model, input: 'before' });
  for (const [text, more] of [
    ['lost stream', { stream: true }],
    ['lost next turn', { previous_response_id: before.id }],
  ] as const) {
    world.openai.script({ match: text, tokens: 60, tokenMs: 20 });
    cuts = [() => world.openai.until(() => bought(text) > 0)];
    const answer = await openai.responses.create({ model, input: text, ...more });
    if ('controller' in answer) for await (const _ of answer);
    expect(bought(text)).toBe(1);
  }
});

test('a turn that waits in its conversation, and is asked for again, is one turn', async () => {
  const conversation = randomUUID();
  world.openai.script({ match: 'slow', tokens: 100, tokenMs: 20 });
  const slow = openai.responses.create({ model, input: 'slow', conversation });
  await world.openai.until(() => bought('slow') > 0);
  const session = async (): Promise<{ turns: number }> =>
    JSON.parse(await (await api.ask('GET', `/api/sessions/${conversation}`)).text());
  cuts = [async () => await expect.poll(async () => (await session()).turns, { timeout: 10_000 }).toBe(2)];
  await openai.responses.create({ model, input: 'waits', conversation });
  await slow;
  expect(bought('waits')).toBe(1);
  expect((await session()).turns).toBe(2);
});

test('limits hold: at one the run fails, and what is no limit is 400', async () => {
  const sums = { calls: [{ name: 'calculate', arguments: { expression: '1+1' } }], times: Infinity };
  world.openai.script({ match: 'count', ...sums });
  const limits = { max_steps: 3 };
  const bounded = { model, input: 'count', limits };
  const given = await openai.responses.create(bounded);
  expect(given.status).toBe('failed');
  expect(given.error?.message).toContain('3');
  const run = await api.until(runOf(given.id), ({ status }) => status === 'failed');
  expect(run.error?.type).toBe('LimitExceeded');
  expect(run.limits).toMatchObject({ max_steps: 3, on_breach: 'fail' });
  const same = { ...ask('count'), limits };
  const failing = openai.chat.completions.create(same, { maxRetries: 0 });
  await expect(failing).rejects.toMatchObject({ status: 502, code: 'LimitExceeded' });
  const misspelt = { ...ask('count'), limits: { max_stepz: 3 } };
  const error: unknown = await openai.chat.completions.create(misspelt).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(error).toMatchObject({ param: 'limits' });
});

test('of several that go on from one response at once each hears what was said until then, and nothing of the others', async () => {
  const first = await openai.responses.create({ model, input: 'Where all begin.' });
  const words = ['left', 'right', 'straight on'];
  const given = await Promise.all(
    words.map((input) => openai.responses.create({ model, input, previous_response_id: first.id })),
  );
  for (const word of words) {
    const [call, ...more] = world.openai.ledger.filter(({ prompt }) => prompt === word);
    expect(more).toEqual([]);
    expect(call?.asked?.said.map(({ text }) => text)).toEqual(['Where all begin.', first.output_text, word]);
  }
  expect(new Set(given.map(({ conversation }) => conversation?.id))).toEqual(new Set([first.conversation?.id]));
});
