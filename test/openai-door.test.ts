// OpenAI's protocol over agents: the openai package, unchanged, against a real service.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import OpenAI, { APIError, BadRequestError, ConflictError, InternalServerError, NotFoundError } from 'openai';
import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunAnswer } from '../api/runs/shape.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { defaultAnswer } from './openai.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let api: ApiStage;
let server: ReturnType<typeof serve>;
let openai: OpenAI;
/** An agent of this test's own. */
const model = `door-${randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  world = await openWorld();
  api = await openApiStage(world);
  server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const at = server.address();
  openai = new OpenAI({
    baseURL: `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}/v1`,
    apiKey: 'none',
    maxRetries: 0,
  });
  const agent = { name: model, system_prompt: 'You are the door.', tools: ['calculate'] };
  await api.ask('POST', '/api/agents', agent);
});
afterAll(async () => {
  server.close();
  await api.close();
  await world.close();
});
beforeEach(() => world.openai.reset());

const runOf = (id: string): string => id.replace(/^(resp_|chatcmpl-)/, '');
const readRun = async (id: string): Promise<RunAnswer> => json(await api.ask('GET', `/api/runs/${runOf(id)}`));

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const heard: T[] = [];
  for await (const event of events) heard.push(event);
  return heard;
}

const textOf = (events: ResponseStreamEvent[]): string =>
  events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');

const ask = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] });

test('agents are models, those that are disabled are not', async () => {
  const models = await all(openai.models.list());
  expect(models.find(({ id }) => id === model)).toMatchObject({ object: 'model', owned_by: 'waymark' });
  expect(await openai.models.retrieve(model)).toMatchObject({ id: model, created: expect.any(Number) });
  await expect(openai.models.retrieve('nobody')).rejects.toBeInstanceOf(NotFoundError);
  await api.ask('POST', '/api/agents', { name: `${model}-off`, enabled: false });
  await expect(openai.models.retrieve(`${model}-off`)).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
});

test('a chat completion is a run of the agent, with the system message after its own instructions', async () => {
  const history = [
    { role: 'system' as const, content: 'Speak like a pirate.' },
    { role: 'user' as const, content: 'first' },
    { role: 'assistant' as const, content: 'second' },
    { role: 'user' as const, content: [{ type: 'text' as const, text: 'third' }] },
  ];
  const metadata = { order: '7' };
  const done = await openai.chat.completions.create({
    model,
    messages: history,
    user: 'ada',
    metadata,
    temperature: 1,
  });
  expect(done.choices).toMatchObject([
    { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: defaultAnswer('third') } },
  ]);
  const run = await readRun(done.id);
  expect(run).toMatchObject({ workflow: 'agent', agent_id: model, user_id: 'ada', metadata, status: 'completed' });
  expect(done.usage).toEqual({
    prompt_tokens: run.usage.input_tokens,
    completion_tokens: run.usage.output_tokens,
    total_tokens: run.metrics!.total_tokens,
  });
  expect(world.openai.ledger.at(-1)!.asked!.said).toEqual([
    { role: 'system', text: 'You are the door.\n\nSpeak like a pirate.' },
    { role: 'user', text: 'first' },
    { role: 'assistant', text: 'second' },
    { role: 'user', text: 'third' },
  ]);
});

test('streamed, it comes in pieces as the model says it, and with its usage when that is asked for', async () => {
  world.openai.script({ match: 'in pieces', tokens: 30, tokenMs: 30 });
  const stream = await openai.chat.completions.create({
    ...ask('in pieces'),
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = await all(stream);
  expect(chunks[0]!.choices[0]!.delta).toMatchObject({ role: 'assistant' });
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(defaultAnswer('in pieces', 30));
  expect(chunks.length).toBeGreaterThan(5);
  expect(chunks.at(-2)!.choices[0]).toMatchObject({ finish_reason: 'stop' });
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
  expect(chunks.at(-1)!.usage!.total_tokens).toBe((await readRun(chunks[0]!.id)).metrics!.total_tokens);
});

test('the agent calls its tools by itself, and what it says before and after is the same text streamed and plain', async () => {
  const tool = { text: 'Let me see.', calls: [{ name: 'calculate', arguments: { expression: '6*7' } }] };
  const script = () => {
    world.openai.script({ match: 'how much', ...tool });
    world.openai.script({ match: 'how much', text: 'It is 42.' });
  };
  script();
  const plain = await openai.chat.completions.create(ask('how much, plain'));
  expect(plain.choices[0]!.message.content).toBe('Let me see.\n\nIt is 42.');
  expect(plain.choices[0]!.message.tool_calls).toBeUndefined();
  script();
  const streamed = openai.chat.completions.stream(ask('how much, streamed'));
  expect(await streamed.finalContent()).toBe('Let me see.\n\nIt is 42.');
});

test('an answer that must have a schema is that alone', async () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
  world.openai.script({ match: 'a number', text: 'none', times: 1 });
  world.openai.script({ match: 'a number', text: '{"n": 7}', times: 1 });
  const response_format = { type: 'json_schema' as const, json_schema: { name: 'n', schema } };
  const done = await openai.chat.completions.create({ ...ask('a number'), response_format });
  expect(JSON.parse(done.choices[0]!.message.content!)).toEqual({ n: 7 });
});

test('a response is given plain: its text, its usage, what it was asked', async () => {
  const given = await openai.responses.create({ model, input: 'plainly', metadata: { a: 'b' } });
  expect(given).toMatchObject({
    object: 'response',
    status: 'completed',
    model,
    error: null,
    metadata: { a: 'b' },
    output_text: defaultAnswer('plainly'),
    output: [{ type: 'message', role: 'assistant', status: 'completed' }],
    usage: { total_tokens: expect.any(Number) },
    background: false,
  });
  const { output_text: _, ...same } = given;
  expect(await openai.responses.retrieve(given.id)).toMatchObject(same);
  const asked = await all(openai.responses.inputItems.list(given.id));
  expect(asked).toMatchObject([{ role: 'user', content: [{ type: 'input_text', text: 'plainly' }] }]);
});

test('a response is streamed as the SDK puts it together', async () => {
  world.openai.script({ match: 'put together', tokens: 12, tokenMs: 5 });
  const stream = openai.responses.stream({ model, input: 'put together' });
  const events = await all(stream);
  const done = await stream.finalResponse();
  expect(done.output_text).toBe(defaultAnswer('put together', 12));
  expect(textOf(events)).toBe(done.output_text);
  const types = events.map(({ type }) => type).filter((type) => type !== 'response.output_text.delta');
  expect(types).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  const { output_text: _, ...kept } = await openai.responses.retrieve(done.id);
  expect(done).toMatchObject(kept);
});

const numbersOf = (events: ResponseStreamEvent[]): number[] => events.map(({ sequence_number }) => sequence_number);

/** Events with the text in one piece per run of deltas: what does not depend on how it was cut. */
function joined(events: ResponseStreamEvent[]): unknown[] {
  const out: unknown[] = [];
  let text = '';
  for (const event of events) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    else {
      if (text !== '') out.push(text);
      text = '';
      out.push([event.type, event.sequence_number]);
    }
  }
  return text === '' ? out : [...out, text];
}

test('a background response is retrieved and streamed from every number on, live and after its end, without loss or repetition', async () => {
  const tool = { text: 'Let me see. ', tokenMs: 10, calls: [{ name: 'calculate', arguments: { expression: '6*7' } }] };
  world.openai.script({ match: 'every number', ...tool });
  world.openai.script({ match: 'every number', text: 'It is forty-two, I think 🌍.', tokenMs: 15 });
  const begun = await openai.responses.create({ model, input: 'every number', background: true });
  expect(['queued', 'in_progress']).toContain(begun.status);
  expect(begun).toMatchObject({ background: true, output: [], usage: null });

  const live = await all(await openai.responses.retrieve(begun.id, { stream: true }));
  const numbers = numbersOf(live);
  expect(numbers[0]).toBe(0);
  expect(numbers.every((n, i) => i === 0 || n > numbers[i - 1]!)).toBe(true);
  expect(textOf(live)).toBe('Let me see. It is forty-two, I think 🌍.');

  const later = await all(await openai.responses.retrieve(begun.id, { stream: true }));
  expect(joined(later)).toEqual(joined(live));
  expect(later.at(-1)).toEqual(live.at(-1));
  const last = numbers.at(-1)!;
  const from = async (after: number): Promise<void> => {
    const rest = await all(await openai.responses.retrieve(begun.id, { stream: true, starting_after: after }));
    expect(numbersOf(rest).every((n) => n > after)).toBe(true);
    expect(shownUpTo(after, later) + textOf(rest), `after ${after}`).toBe(textOf(live));
    const others = (events: ResponseStreamEvent[]) =>
      events.filter(({ type, sequence_number: n }) => n > after && type !== 'response.output_text.delta');
    expect(others(rest)).toEqual(others(later));
  };
  const every = Array.from({ length: last + 1 }, (_, after) => after);
  await Promise.all(
    [0, 1, 2, 3].map(async (lane) => {
      for (const after of every.filter((n) => n % 4 === lane)) await from(after);
    }),
  );
});

/** The text that a number says is there: each of its characters has one. */
const shownUpTo = (after: number, events: ResponseStreamEvent[]): string =>
  events
    .map((event) => {
      if (event.type !== 'response.output_text.delta') return '';
      const { delta, sequence_number } = event;
      return delta.slice(0, Math.max(0, Math.min(delta.length, delta.length - (sequence_number - after))));
    })
    .join('');

test('a stream that breaks again and again while the answer is given goes on after the last number', async () => {
  world.openai.script({ match: 'breaks', tokens: 40, tokenMs: 15 });
  const { id } = await openai.responses.create({ model, input: 'breaks', background: true });
  const events: ResponseStreamEvent[] = [];
  for (let connections = 0; events.at(-1)?.type !== 'response.completed'; connections++) {
    expect(connections).toBeLessThan(50);
    const starting_after = events.at(-1)?.sequence_number;
    let taken = 0;
    for await (const event of await openai.responses.retrieve(id, { stream: true, starting_after })) {
      events.push(event);
      if (++taken === 5) break;
    }
  }
  expect(textOf(events)).toBe(defaultAnswer('breaks', 40));
  const numbers = numbersOf(events);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(joined(events)).toEqual(joined(await all(await openai.responses.retrieve(id, { stream: true }))));
});

test('when a model call is taken again, what it had said is an item broken off, and the answer is the new text alone', async () => {
  world.openai.script({
    match: 'told anew',
    text: 'One two three four five',
    tokenMs: 20,
    fault: 'reset',
    afterTokens: 3,
  });
  world.openai.script({ match: 'told anew', text: 'Quite another answer', tokenMs: 10 });
  const stream = openai.responses.stream({ model, input: 'told anew' });
  const events = await all(stream);
  const done = await stream.finalResponse();
  expect(done.output_text).toBe('Quite another answer');
  const items = events.flatMap((event) => (event.type === 'response.output_item.done' ? [event.item] : []));
  expect(items).toMatchObject([{ status: 'incomplete' }, { status: 'completed' }]);
  const numbers = numbersOf(events);
  expect(numbers.every((n, i) => i === 0 || n > numbers[i - 1]!)).toBe(true);
  // Whoever was in the middle of the lost text gets all of the new one; whoever has a part of the new one the rest.
  const lost = events.find(({ type }) => type === 'response.output_text.delta')!.sequence_number;
  const anew = await all(await openai.responses.retrieve(done.id, { stream: true, starting_after: lost }));
  expect(textOf(anew)).toBe('Quite another answer');
  const within = events.findLast(({ type }) => type === 'response.output_text.delta')!.sequence_number - 4;
  const rest = await all(await openai.responses.retrieve(done.id, { stream: true, starting_after: within }));
  expect(textOf(rest)).toBe('swer');
  expect(joined(rest).slice(1)).toEqual(joined(events).slice(-4));
});

test('an answer that is paused and taken again has the same numbers live and later', async () => {
  world.openai.script({ match: 'paused midway', tokens: 300, tokenMs: 20 });
  world.openai.script({ match: 'paused midway', text: 'Something else altogether', tokenMs: 5 });
  const { id } = await openai.responses.create({ model, input: 'paused midway', background: true });
  const live: ResponseStreamEvent[] = [];
  for await (const event of await openai.responses.retrieve(id, { stream: true })) {
    live.push(event);
    if (live.filter(({ type }) => type === 'response.output_text.delta').length !== 2) continue;
    await api.ask('POST', `/api/runs/${runOf(id)}/pause`, { mode: 'now' });
    await api.until(runOf(id), ({ status }) => status === 'paused');
    await api.ask('POST', `/api/runs/${runOf(id)}/resume`, { action: 'regenerate' });
  }
  const done = await openai.responses.retrieve(id);
  expect(done.output_text).toBe('Something else altogether');
  expect(live.at(-1)).toMatchObject({ type: 'response.completed', response: { output: done.output } });
  const later = await all(await openai.responses.retrieve(id, { stream: true }));
  expect(joined(later).slice(-5)).toEqual(joined(live).slice(-5));
  const some = live.slice(2, -1).filter((_, i, { length }) => i < 3 || i > length - 8);
  for (const { sequence_number } of some) {
    const rest = await all(await openai.responses.retrieve(id, { stream: true, starting_after: sequence_number }));
    expect(rest.at(-1)).toMatchObject({ type: 'response.completed' });
    expect(shownUpTo(sequence_number, live) + textOf(rest)).toMatch(/Something else altogether$/);
  }
});

test('a chat completion whose text was lost ends with an error instead of mixing two answers', async () => {
  world.openai.script({
    match: 'cannot be unsaid',
    text: 'One two three four',
    tokenMs: 20,
    fault: 'reset',
    afterTokens: 3,
  });
  world.openai.script({ match: 'cannot be unsaid', text: 'Quite another answer' });
  const stream = await openai.chat.completions.create({ ...ask('cannot be unsaid'), stream: true });
  await expect(all(stream)).rejects.toMatchObject({ code: 'text_changed' });
});

test('previous_response_id goes on in the session of that response, and from an older one with what was said until then', async () => {
  const first = await openai.responses.create({ model, input: 'I am Ada.' });
  const second = await openai.responses.create({ model, input: 'Who am I?', previous_response_id: first.id });
  expect(second.previous_response_id).toBe(first.id);
  expect(second.conversation).toEqual(first.conversation);
  const [one, two] = await Promise.all([readRun(first.id), readRun(second.id)]);
  expect(two.session_id).toBe(one.session_id);
  const saidIn = () => world.openai.ledger.at(-1)!.asked!.said.map(({ text }) => text);
  expect(saidIn()).toEqual(['You are the door.', 'I am Ada.', first.output_text, 'Who am I?']);

  const branch = await openai.responses.create({ model, input: 'Another way', previous_response_id: first.id });
  expect(saidIn()).toEqual(['You are the door.', 'I am Ada.', first.output_text, 'Another way']);
  const told = await openai.responses.create({
    model,
    input: [{ role: 'user', content: 'Shortly' }],
    instructions: 'Be brief.',
    previous_response_id: branch.id,
  });
  expect(told.instructions).toBe('Be brief.');
  expect(saidIn().slice(0, 2)).toEqual(['You are the door.\n\nBe brief.', 'I am Ada.']);
  expect(saidIn().slice(-3)).toEqual(['Another way', branch.output_text, 'Shortly']);
  const items = await all(openai.responses.inputItems.list(told.id));
  expect(items).toHaveLength(1);
});

test('a conversation is a session: chat and responses are one', async () => {
  const session_id = randomUUID();
  const chat = { agent_id: model, message: 'by chat', session_id, stream: false };
  expect((await api.ask('POST', '/api/chat', chat)).status).toBe(200);
  const given = await openai.responses.create({ model, input: 'by response', conversation: session_id });
  expect(given.conversation).toEqual({ id: session_id });
  expect(world.openai.ledger.at(-1)!.asked!.said.map(({ text }) => text)).toContain('by chat');
});

test('cancel ends it with what was said; a second cancel, and one after the end, tell how it ended', async () => {
  world.openai.script({ match: 'to be cancelled', tokens: 200, tokenMs: 20 });
  const { id } = await openai.responses.create({ model, input: 'to be cancelled', background: true });
  const stream = await openai.responses.retrieve(id, { stream: true });
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length === 8) expect((await openai.responses.cancel(id)).status).toBe('cancelled');
  }
  const last = events.at(-1)!;
  expect(last.type).toBe('response.incomplete');
  expect(last).toMatchObject({ response: { status: 'cancelled' } });
  expect((await openai.responses.cancel(id)).status).toBe('cancelled');
  const kept = await openai.responses.retrieve(id);
  expect(kept.status).toBe('cancelled');
  expect(textOf(events).startsWith(kept.output_text) || kept.output_text.startsWith(textOf(events))).toBe(true);
});

test('a run that waits for a person is in progress, and completes with the answer', async () => {
  await api.ask('POST', '/api/agents', { name: `${model}-mail`, tools: ['send_email'] });
  const call = { name: 'send_email', arguments: { to: 'a@example.com', subject: 'x', body: 'y' } };
  world.openai.script({ match: 'write a mail', calls: [call] });
  world.openai.script({ match: 'write a mail', text: 'Done.' });
  const { id } = await openai.responses.create({ model: `${model}-mail`, input: 'write a mail', background: true });
  const run = await api.until(runOf(id), ({ status }) => status === 'waiting');
  expect((await openai.responses.retrieve(id)).status).toBe('in_progress');
  const [waiting] = run.waiting_for;
  const answer = { waiting_id: waiting!.waiting_id, value: { decision: 'approve' } };
  expect((await api.ask('POST', `/api/runs/${runOf(id)}/answer`, answer)).status).toBe(200);
  await api.until(runOf(id), ({ status }) => status === 'completed');
  expect((await openai.responses.retrieve(id)).output_text).toBe('Done.');
});

test('a client that leaves does not stop the run', async () => {
  world.openai.script({ match: 'left behind', tokens: 20, tokenMs: 20 });
  const stream = await openai.responses.create({ model, input: 'left behind', stream: true });
  let id = '';
  for await (const event of stream) {
    if (event.type === 'response.created') id = event.response.id;
    if (event.type === 'response.output_text.delta') break;
  }
  await api.until(runOf(id), ({ status }) => status === 'completed');
  expect((await openai.responses.retrieve(id)).output_text).toBe(defaultAnswer('left behind', 20));
});

test('a failed run: a response that says so, a completion that is an error, and nobody asks again by himself', async () => {
  world.openai.script({ match: 'goes wrong', fault: { status: 400, message: 'no' }, times: Infinity });
  const given = await openai.responses.create({ model, input: 'goes wrong' });
  expect(given).toMatchObject({ status: 'failed', error: { code: 'server_error', message: expect.any(String) } });
  const retrying = openai.withOptions({ maxRetries: 2 });
  const before = world.openai.ledger.length;
  await expect(retrying.chat.completions.create(ask('goes wrong'))).rejects.toBeInstanceOf(InternalServerError);
  expect(world.openai.ledger.length).toBe(before + 1);
  const stream = await openai.responses.create({ model, input: 'goes wrong', stream: true });
  expect((await all(stream)).at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'failed' } });
  const chunks = await openai.chat.completions.create({ ...ask('goes wrong'), stream: true });
  await expect(all(chunks)).rejects.toBeInstanceOf(APIError);
});

test('what cannot be had is refused as the SDK types it, with what to do', async () => {
  const create = (more: object) => openai.chat.completions.create({ ...ask('x'), ...more });
  await expect(create({ model: 'nobody' })).rejects.toBeInstanceOf(NotFoundError);
  await expect(create({ model: 'nobody' })).rejects.toMatchObject({ code: 'model_not_found', param: 'model' });
  await expect(create({ n: 2 })).rejects.toBeInstanceOf(BadRequestError);
  await expect(create({ n: 2 })).rejects.toMatchObject({ param: 'n', type: 'invalid_request_error' });
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
  await expect(create({ tools })).rejects.toMatchObject({ status: 400, code: 'tools_not_supported' });
  await expect(create({ messages: [] })).rejects.toMatchObject({ status: 400, param: 'messages' });
  const picture = [{ type: 'image_url', image_url: { url: 'https://example.com/x.png' } }];
  await expect(create({ messages: [{ role: 'user', content: picture }] })).rejects.toMatchObject({
    status: 400,
    param: 'messages[0].content[0].type',
  });
  await expect(create({ messages: [{ role: 'tool', content: 'x', tool_call_id: 'y' }] })).rejects.toMatchObject({
    param: 'messages[0].role',
  });
  for (const id of ['resp_nobody', 'nonsense', `resp_${randomUUID()}`]) {
    await expect(openai.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(openai.responses.cancel(id)).rejects.toBeInstanceOf(NotFoundError);
  }
  const other = await api.start('simple', { messages: [{ role: 'user', content: 'no agent' }] });
  await expect(openai.responses.retrieve(`resp_${other}`)).rejects.toBeInstanceOf(NotFoundError);
  const answer = await api.ask('POST', '/v1/chat/completions', '{"model": ');
  expect(answer.status).toBe(400);
  expect(await json<object>(answer)).toEqual({
    error: { message: 'The body is not JSON.', type: 'invalid_request_error', param: null, code: 'invalid_json' },
    type: 'invalid_json',
    detail: 'The body is not JSON.',
    param: null,
    request_id: answer.headers.get('x-request-id'),
  });
});

test('a response is deleted once it has ended', async () => {
  world.openai.script({ match: 'not yet', tokens: 100, tokenMs: 20 });
  const open = await openai.responses.create({ model, input: 'not yet', background: true });
  await expect(openai.responses.delete(open.id)).rejects.toBeInstanceOf(ConflictError);
  await openai.responses.cancel(open.id);
  await openai.responses.delete(open.id);
  await expect(openai.responses.retrieve(open.id)).rejects.toBeInstanceOf(NotFoundError);
});

test('what may have been taken is not asked for again by the packages themselves', async () => {
  const { conversation } = await openai.responses.create({ model, input: 'Hello.' });
  const hasty = await openApiStage(world, { config: { ...api.deps.config, deadlineMs: 1500 } });
  await world.dismiss();
  const turn = { model, input: 'Are you there?', conversation, stream: true };
  const answer = await hasty.ask('POST', '/v1/responses', turn);
  expect(await json(answer)).toMatchObject({ type: 'turn_not_confirmed' });
  expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([503, 'false']);
  await hasty.close();
  await world.hire();
});
