// Chats over HTTP: a message to an agent, its answer as a stream or as JSON, and what becomes of it when things go wrong.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { attributes } from '../workflows/runtime/messages.ts';
import { json } from './api-stage.ts';
import { type ChatStage, heardIn, openChat, textOf, toldIn, unique } from './chat-stage.ts';
import { defaultAnswer } from './openai.ts';

let chat: ChatStage;
beforeAll(async () => void (chat = await openChat()));
afterAll(() => chat.close());
beforeEach(() => chat.world.openai.reset());

test('a message is answered as a stream whose deltas are the stored answer', async () => {
  chat.world.openai.script({ match: 'Where is the sea?', tokens: 40, tokenMs: 5 });
  const answer = await chat.stream('Where is the sea?');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch('text/event-stream');
  expect(answer.headers.get('cache-control')).toBe('no-cache');
  expect(answer.headers.get('x-accel-buffering')).toBe('no');
  const heard = await heardIn(answer);
  const [first, last] = [heard[0]!, heard.at(-1)!];
  expect(first).toMatchObject({ type: 'run_started', data: { session_id: expect.any(String) } });
  expect(last).toMatchObject({ type: 'run_completed', data: { run_id: first.data['run_id'] } });
  expect(heard.filter(({ type }) => type === 'content_delta').length).toBeGreaterThan(5);
  expect(textOf(heard)).toBe(last.data['response']);
  const run = await chat.api.until(String(first.data['run_id']), ({ status }) => status === 'completed');
  expect(run.response_content).toBe(textOf(heard));
  expect(run).toMatchObject({ agent_id: chat.agent, session_id: first.data['session_id'], workflow: 'agent' });
});

test('without a stream the answer comes as JSON when it is complete, with its labels on the run', async () => {
  const more = { user_id: 'Ada "A" L', tags: ['x'], metadata: { a: 1 } };
  const answer = await chat.say('Hello?', more);
  expect(answer).toMatchObject({
    response: defaultAnswer('Hello?'),
    metrics: { steps_count: 1, tool_calls_count: 0, total_tokens: expect.any(Number), duration: expect.any(Number) },
  });
  const run = await chat.api.until(answer.run_id, () => true);
  expect(run).toMatchObject({ ...more, agent_id: chat.agent, session_id: answer.session_id });
  const [call] = chat.world.openai.ledger;
  expect(call?.asked?.said[0]).toMatchObject({ role: 'system', text: `You are ${chat.agent}.` });
  const { typedSearchAttributes: has } = await chat.world.client.workflow.getHandle(answer.run_id).describe();
  expect(has.get(attributes.Kind)).toBe('run');
  const listed = async () =>
    json<{ total: number }>(await chat.api.ask('GET', `/api/runs?user_id=${encodeURIComponent('Ada "A" L')}`));
  await expect.poll(async () => (await listed()).total, { timeout: 5000 }).toBeGreaterThan(0);
});

test('an unknown agent is 404 in both forms, a disabled one 409, and neither costs anything', async () => {
  for (const stream of [true, false]) {
    const unknown = await chat.stream('x', { agent_id: 'nobody', stream });
    expect(unknown.status).toBe(404);
    expect(await json(unknown)).toMatchObject({ type: 'agent_not_found', detail: "Agent 'nobody' not found" });
    const agent_id = await chat.makeAgent({ enabled: false });
    const disabled = await chat.stream('x', { agent_id, stream });
    expect(disabled.status).toBe(409);
    expect(await json(disabled)).toMatchObject({ type: 'agent_disabled' });
  }
  expect((await chat.stream('x', { agent_id: '../etc' })).status).toBe(404);
  expect(chat.world.openai.ledger).toEqual([]);
});

test('what is no message is refused field by field', async () => {
  const wrong = [{ message: '' }, { session_id: 'x'.repeat(201) }, { user_id: '' }, { double_texting: 'shout' }];
  for (const body of [...wrong, { stream: 'no' }, { tags: [''] }])
    expect((await chat.stream('x', body)).status).toBe(422);
});

test('a model that fails is 502 with the type of its fault, and run_failed in a stream', async () => {
  chat.world.openai.script({ match: 'refuse', fault: { status: 400 }, times: 2 });
  const answer = await chat.ask('refuse this');
  expect(answer.status).toBe(502);
  expect(await json(answer)).toMatchObject({ type: 'ModelRejected', run_id: expect.any(String) });
  expect((await heardIn(await chat.stream('refuse that'))).at(-1)).toMatchObject({
    type: 'run_failed',
    data: { error: { type: 'ModelRejected' } },
  });
});

test('a client that leaves in mid-answer does not stop the run', async () => {
  chat.world.openai.script({ match: 'a long story', tokens: 40, tokenMs: 15 });
  const answer = await chat.stream('a long story');
  const reader = answer.body!.getReader();
  let heard = '';
  while (!heard.includes('content_delta')) heard += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  const run_id = /"run_id":"([^"]+)"/.exec(heard)![1]!;
  const run = await chat.api.until(run_id, ({ status }) => status === 'completed');
  expect(run.response_content?.split(' ').length).toBeGreaterThan(20);
  expect(chat.world.openai.ledger).toHaveLength(1);
});

test('with an Idempotency-Key a message sent again is the same run, in the same session', async () => {
  const headers = { 'idempotency-key': unique('key') };
  const send = (body: object) =>
    chat.api.ask('POST', '/api/chat', { agent_id: chat.agent, stream: false, ...body }, headers);
  const answers = await Promise.all([send({ message: 'once' }), send({ message: 'once' }), send({ message: 'once' })]);
  const bodies = await Promise.all(answers.map((answer) => json<{ run_id: string; session_id: string }>(answer)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(bodies.map(({ run_id, session_id }) => run_id + session_id)).size).toBe(1);
  expect(chat.world.openai.matching('once')).toHaveLength(1);
  expect((await send({ message: 'twice' })).status).toBe(409);

  const { session_id } = bodies[0]!;
  const later = { 'idempotency-key': unique('key') };
  const again = () =>
    chat.api.ask('POST', '/api/chat', { agent_id: chat.agent, stream: false, message: 'more', session_id }, later);
  const [one, two] = await Promise.all([again(), again()]);
  expect((await json<{ run_id: string }>(one)).run_id).toBe((await json<{ run_id: string }>(two)).run_id);
  expect(chat.world.openai.matching('more')).toHaveLength(1);
});

test('a change of the agent touches the next turn, not what is being answered', async () => {
  const agent_id = await chat.makeAgent({ system_prompt: 'You are old.' });
  chat.world.openai.script({ match: 'first', tokens: 10, tokenMs: 20 });
  const first = chat.say('first', { agent_id });
  await chat.world.openai.until(() => chat.world.openai.matching('first').length > 0);
  await chat.api.ask('PUT', `/api/agents/${agent_id}`, { system_prompt: 'You are new.', model: 'gpt-4o' });
  const { session_id, run_id } = await first;
  await chat.say('second', { agent_id, session_id });
  const prompts = chat.world.openai.ledger.map(({ asked }) => asked?.said[0]?.text);
  expect(prompts).toEqual(['You are old.', 'You are new.']);
  expect((await chat.api.until(run_id, () => true)).input).toMatchObject({ agent: { system_prompt: 'You are old.' } });
});

test('a turn whose agent is deleted while it waits is told so', async () => {
  const agent_id = await chat.makeAgent();
  chat.world.openai.script({ match: 'hold on', tokens: 100, tokenMs: 20 });
  const session_id = unique('session');
  const first = chat.say('hold on', { agent_id, session_id });
  await chat.world.openai.until(() => chat.world.openai.matching('hold on').length > 0);
  const second = chat.ask('in vain', { agent_id, session_id });
  const third = chat.stream('in vain', { agent_id, session_id });
  await expect.poll(async () => (await chat.session(session_id)).queued, { timeout: 1900 }).toBe(2);
  await chat.api.ask('DELETE', `/api/agents/${agent_id}`);
  await first;
  expect(await json(await second)).toMatchObject({ type: 'turn_refused' });
  expect(await heardIn(await third)).toMatchObject([{ type: 'run_failed', data: { error: { type: 'turn_refused' } } }]);
  expect(toldIn(chat.world.openai.matching('in vain')[0])).toEqual([]);
});
