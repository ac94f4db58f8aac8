// Sessions: what an agent remembers, one turn after the other, whatever comes at once, dies, or is deleted.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sessionWorkflow } from '../workflows/session/messages.ts';
import { json } from './api-stage.ts';
import { type ChatStage, heardIn, openChat, textOf, toldIn, unique } from './chat-stage.ts';
import { defaultAnswer } from './openai.ts';

let chat: ChatStage;
beforeAll(async () => void (chat = await openChat()));
afterAll(() => chat.close());
beforeEach(() => chat.world.openai.reset());

const told = (message: string) => toldIn(chat.world.openai.matching((asked) => asked.said.at(-1)?.text === message)[0]);
const exchange = (message: string) => [`user: ${message}`, `assistant: ${defaultAnswer(message)}`];
/** Until the session has kept what was answered: its next turn is refused by nobody then. */
const idle = async (id: string): Promise<void> =>
  await expect.poll(async () => (await chat.session(id)).in_flight, { timeout: 5000, interval: 20 }).toBeNull();

test('a second message sees the first and its answer, also when it comes at once', async () => {
  const { session_id } = await chat.say('My name is Ada.');
  await chat.say('What is my name?', { session_id });
  expect(told('What is my name?')).toEqual([...exchange('My name is Ada.'), 'user: What is my name?']);
  const session = await chat.session(session_id);
  expect(session).toMatchObject({ id: session_id, agent_id: chat.agent, turns: 2, queued: 0 });
});

test('a session of its own name begins with its first message, and may go on with another agent', async () => {
  const session_id = unique('a "session" of 50%');
  const other = await chat.makeAgent();
  await chat.say('one', { session_id, user_id: 'ada' });
  await chat.say('two', { session_id, agent_id: other });
  await idle(session_id);
  expect(told('two')).toEqual([...exchange('one'), 'user: two']);
  const session = await chat.session(session_id);
  expect(session).toMatchObject({ agent_id: other, user_id: 'ada', turns: 2, head: session.runs[1]?.id });
  expect(session.runs.map(({ agent_id, input_query }) => [agent_id, input_query])).toEqual([
    [chat.agent, 'one'],
    [other, 'two'],
  ]);
});

test('twenty messages at once are answered one after the other, in order, each seeing those before', async () => {
  const agent_id = await chat.makeAgent({ config: { memory: { messages: 100, tokens: 100_000 } } });
  const session_id = unique('crowd');
  const messages = Array.from({ length: 20 }, (_, i) => `word ${i}`);
  const answers = await Promise.all(messages.map((message) => chat.say(message, { agent_id, session_id })));
  expect(answers.map(({ response }) => response)).toEqual(messages.map((message) => defaultAnswer(message)));
  const { ledger } = chat.world.openai;
  const order = ledger.map(({ prompt }) => prompt);
  expect(new Set(order)).toEqual(new Set(messages));
  ledger.forEach((call, i) => {
    expect(toldIn(call)).toEqual([...order.slice(0, i).flatMap(exchange), `user: ${order[i]}`]);
    expect(call.at).toBeGreaterThanOrEqual(ledger[i - 1]?.ended_at ?? 0);
  });
  await idle(session_id);
  await expect
    .poll(async () => (await chat.session(session_id)).runs.map(({ input_query }) => input_query))
    .toEqual(order);
});

test('a hundred messages at once are all taken, each in a place of its own', async () => {
  const session_id = unique('hundred');
  chat.world.openai.script({ match: 'hold the others up', tokens: 400, tokenMs: 50 });
  const first = chat.stream('hold the others up', { session_id });
  await chat.world.openai.until(() => chat.world.openai.ledger.length > 0);
  const streams = await Promise.all(Array.from({ length: 100 }, (_, i) => chat.stream(`one of ${i}`, { session_id })));
  expect(new Set(streams.map(({ headers }) => headers.get('location'))).size).toBe(100);
  expect(await chat.session(session_id)).toMatchObject({ turns: 101, queued: 100 });
  for (const { body } of [...streams, await first]) await body?.cancel();
  await chat.world.client.workflow.getHandle(sessionWorkflow(session_id)).terminate();
  const run = /runs\/(.*)/.exec((await first).headers.get('location') ?? '')?.[1];
  await chat.world.client.workflow.getHandle(run!).terminate();
});

test('streams of queued turns are silent until theirs begins, and whole then', async () => {
  chat.world.openai.script({ match: 'slow one', tokens: 20, tokenMs: 20 });
  const session_id = unique('streams');
  const streams = await Promise.all(
    ['slow one', 'next', 'last'].map((message) => chat.stream(message, { session_id })),
  );
  for (const [i, heard] of (await Promise.all(streams.map(heardIn))).entries()) {
    expect(heard[0]).toMatchObject({ type: 'run_started', data: { session_id } });
    expect(textOf(heard)).toBe(heard.at(-1)!.data['response']);
    expect(heard.at(-1)!.type, `of stream ${i}`).toBe('run_completed');
  }
});

test('the memory is the last twenty messages, or as many as the agent says', async () => {
  const { session_id } = await chat.say('message 0');
  for (let i = 1; i < 12; i++) await chat.say(`message ${i}`, { session_id });
  const seen = told('message 11');
  expect(seen).toHaveLength(21);
  expect(seen[0]).toBe('user: message 1');
  const agent_id = await chat.makeAgent({ config: { memory: { messages: 3, tokens: 4000 } } });
  await chat.say('short', { session_id, agent_id });
  expect(told('short')).toEqual([...exchange('message 11'), 'user: short']);
});

test('the memory is 4000 tokens; the message itself is never cut', async () => {
  const long = (what: string, tokens: number) => what.padEnd(tokens * 4, '.');
  const { session_id } = await chat.say(long('a', 1500));
  await chat.say(long('b', 1500), { session_id });
  await chat.say(long('c', 1500), { session_id });
  await chat.say(long('d', 5000), { session_id });
  const seen = told(long('d', 5000));
  expect(seen.map((text) => text.slice(0, 7))).toEqual(['user: b', 'assista', 'user: c', 'assista', 'user: d']);
  expect(seen.at(-1)).toHaveLength('user: '.length + 20_000);
  await chat.say('e', { session_id });
  expect(told('e')).toEqual(['user: e']);
});

test('a failed turn leaves the question, a cancelled one what was said of the answer', async () => {
  chat.world.openai.script({ match: 'fail here', fault: { status: 400 } });
  const session_id = unique('failing');
  expect((await chat.ask('fail here', { session_id })).status).toBe(502);
  chat.world.openai.script({ match: 'stop here', tokens: 200, tokenMs: 20 });
  const stopped = chat.ask('stop here', { session_id });
  await chat.world.openai.until(() => chat.world.openai.matching('stop here').some(({ tokens }) => tokens > 5));
  const { in_flight } = await chat.session(session_id);
  expect((await chat.api.ask('POST', `/api/runs/${in_flight}/cancel`)).status).toBe(200);
  expect((await stopped).status).toBe(409);
  await chat.say('go on', { session_id });
  const seen = told('go on');
  expect(seen[0]).toBe('user: fail here');
  expect(seen[1]).toBe('user: stop here');
  expect(seen[2]).toMatch(/^assistant: Answer \w+ word3/);
  expect(seen.slice(3)).toEqual(['user: go on']);
});

test('with reject a message during another is 409, and costs nothing', async () => {
  const agent_id = await chat.makeAgent({ config: { double_texting: 'reject' } });
  chat.world.openai.script({ match: 'busy', tokens: 20, tokenMs: 20 });
  const session_id = unique('busy');
  const first = chat.say('busy', { session_id, agent_id });
  await chat.world.openai.until(() => chat.world.openai.ledger.length > 0);
  const refused = await chat.ask('meanwhile', { session_id, agent_id });
  expect(refused.status).toBe(409);
  expect(await json(refused)).toMatchObject({ type: 'session_busy' });
  const queued = chat.say('patient', { session_id, agent_id, double_texting: 'queue' });
  await first;
  await queued;
  expect(told('patient')).toEqual([...exchange('busy').slice(0, 1), expect.any(String), 'user: patient']);
  expect(told('meanwhile')).toEqual([]);
});

test('with interrupt the answer stops, and what waited is answered together with the newest', async () => {
  chat.world.openai.script({ match: 'endless', tokens: 400, tokenMs: 20 });
  const session_id = unique('interrupted');
  const first = chat.stream('endless', { session_id }).then(heardIn);
  await chat.world.openai.until(() => chat.world.openai.matching('endless').some(({ tokens }) => tokens > 3));
  const waiting = chat.stream('also this', { session_id }).then(heardIn);
  await expect.poll(async () => (await chat.session(session_id)).queued).toBe(1);
  const last = await chat.say('stop, rather this', { session_id, double_texting: 'interrupt' });
  expect((await first).at(-1)).toMatchObject({ type: 'run_cancelled' });
  expect((await waiting).at(-1)).toMatchObject({ type: 'run_cancelled', data: { response: null } });
  const seen = told('stop, rather this');
  expect(seen[1]).toMatch(/^assistant: Answer/);
  expect([seen[0], ...seen.slice(2)]).toEqual(['user: endless', 'user: also this', 'user: stop, rather this']);
  expect(told('also this')).toEqual([]);
  await idle(session_id);
  await expect
    .poll(async () => (await chat.session(session_id)).runs.map(({ status }) => status))
    .toEqual(['cancelled', 'cancelled', 'completed']);
  expect((await chat.session(session_id)).head).toBe(last.run_id);
});

test('a run that never tells its end holds its session up only until it is looked for', async () => {
  const session_id = unique('silent');
  const { session_id: known } = await chat.say('before', { session_id });
  await idle(known);
  // The same session, looking more often than the 30 s of others.
  const handle = chat.world.client.workflow.getHandle(sessionWorkflow(session_id));
  const history = await handle.fetchHistory();
  const data = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
  const state: object = JSON.parse(new TextDecoder().decode(data ?? undefined));
  await handle.terminate();
  await chat.world.client.workflow.start('session', {
    taskQueue: chat.world.taskQueue,
    workflowId: sessionWorkflow(session_id),
    args: [{ ...state, flight: undefined, pace: { check_ms: 300 } }],
    typedSearchAttributes: (await handle.describe()).typedSearchAttributes,
  });
  chat.world.openai.script({ match: 'terminated', tokens: 200, tokenMs: 20 });
  const first = chat.ask('terminated', { session_id });
  await chat.world.openai.until(() => chat.world.openai.matching('terminated').length > 0);
  const { in_flight } = await chat.session(session_id);
  await chat.world.client.workflow.getHandle(in_flight!).terminate();
  expect((await first).status).toBe(500);
  await chat.say('after', { session_id });
  expect(told('after')).toEqual(['user: terminated', 'user: after']);
});

test('a deleted session forgets; its runs stay unless they are to go, too', async () => {
  const session_id = unique('deleted');
  chat.world.openai.script({ match: 'secret', tokens: 20, tokenMs: 20 });
  const first = chat.say('secret', { session_id });
  await chat.world.openai.until(() => chat.world.openai.ledger.length > 0);
  const remove = (query = '') => chat.api.ask('DELETE', `/api/sessions/${session_id}${query}`);
  const busy = await remove();
  expect(busy.status).toBe(409);
  expect(await json(busy)).toMatchObject({ type: 'session_busy' });
  const { run_id } = await first;
  await idle(session_id);
  expect((await remove()).status).toBe(204);
  expect((await remove()).status).toBe(404);
  expect((await chat.api.ask('GET', `/api/sessions/${session_id}`)).status).toBe(404);
  expect((await chat.api.ask('GET', `/api/runs/${run_id}`)).status).toBe(200);
  const { run_id: second } = await chat.say('do you know?', { session_id });
  expect(told('do you know?')).toEqual(['user: do you know?']);
  await idle(session_id);
  await expect.poll(async () => (await chat.session(session_id)).runs.length).toBe(2);
  expect((await remove('?runs=true')).status).toBe(204);
  for (const id of [run_id, second]) expect((await chat.api.ask('GET', `/api/runs/${id}`)).status).toBe(404);
});

test('sessions are listed by who talks and with whom', async () => {
  const user_id = unique('user');
  const { session_id: one } = await chat.say('a', { user_id });
  const { session_id: two } = await chat.say('b', { user_id });
  const listed = async (query: string) =>
    json<{ total: number; items: { id: string }[] }>(await chat.api.ask('GET', `/api/sessions?${query}`));
  await expect.poll(async () => (await listed(`user_id=${user_id}`)).total).toBe(2);
  const { items } = await listed(`user_id=${user_id}`);
  expect(items).toMatchObject([
    { id: two, user_id, agent_id: chat.agent, turns: 1 },
    { id: one, user_id },
  ]);
  expect(await listed(`user_id=${user_id}&limit=1&offset=1`)).toMatchObject({ total: 2, items: [{ id: one }] });
  expect(await listed(`user_id=${user_id}&agent_id=nobody`)).toMatchObject({ total: 0, items: [] });
  expect((await chat.api.ask('GET', '/api/sessions?limit=0')).status).toBe(422);
  expect((await chat.api.ask('GET', '/api/sessions/none')).status).toBe(404);
  expect((await chat.api.ask('GET', `/api/runs/${encodeURIComponent(sessionWorkflow(one))}`)).status).toBe(404);
});

test("a session's user is that of its newest turn, in lists too", async () => {
  const [ada, bob] = [unique('ada'), unique('bob"s')];
  const { session_id } = await chat.say('by Ada', { user_id: ada });
  await chat.say('by Bob', { user_id: bob, session_id });
  await chat.say('by nobody', { session_id });
  expect((await chat.session(session_id)).user_id).toBe(bob);
  const listed = async (user: string) =>
    json<{ items: { id: string }[] }>(await chat.api.ask('GET', `/api/sessions?user_id=${encodeURIComponent(user)}`));
  await expect.poll(async () => (await listed(bob)).items, { timeout: 10_000 }).toMatchObject([{ id: session_id }]);
  expect((await listed(ada)).items).toEqual([]);
});

test('a promoted branch is what the session goes on from', async () => {
  const { session_id, run_id } = await chat.say('I live in Oslo.');
  await chat.say('Where do I live?', { session_id });
  const forked = await chat.api.ask('POST', `/api/runs/${run_id}/fork`, {
    modifications: { modified_query: 'I live in Rome.' },
  });
  const { new_run_id } = await json<{ new_run_id: string }>(forked);
  await chat.api.until(new_run_id, ({ status }) => status === 'completed');
  const again = await chat.api.ask('POST', `/api/runs/${new_run_id}/fork`, {});
  const fork = (await json<{ new_run_id: string }>(again)).new_run_id;
  const { response_content } = await chat.api.until(fork, ({ status }) => status === 'completed');
  await idle(session_id);
  const promoted = await chat.api.ask('POST', `/api/runs/${fork}/promote`);
  expect(await json(promoted)).toMatchObject({ run_id: fork, session_id, head: fork });
  await expect.poll(async () => (await chat.session(session_id)).head).toBe(fork);
  await chat.say('Where, now?', { session_id });
  expect(told('Where, now?')).toEqual(['user: I live in Rome.', `assistant: ${response_content}`, 'user: Where, now?']);
});

test('what cannot be promoted is refused with the reason', async () => {
  const promote = (id: string) => chat.api.ask('POST', `/api/runs/${id}/promote`);
  expect((await promote('nobody')).status).toBe(404);
  const alone = await chat.api.start('simple', { messages: [{ role: 'user', content: 'x' }] });
  await chat.api.until(alone, ({ status }) => status === 'completed');
  expect(await json(await promote(alone))).toMatchObject({ type: 'no_session' });
  chat.world.openai.script({ match: 'still open', tokens: 30, tokenMs: 20 });
  const session_id = unique('open');
  const { run_id } = await chat.say('ended', { session_id });
  const open = chat.say('still open', { session_id });
  await chat.world.openai.until(() => chat.world.openai.matching('still open').length > 0);
  const { in_flight } = await chat.session(session_id);
  expect(await json(await promote(in_flight!))).toMatchObject({ type: 'run_open' });
  expect(await json(await promote(run_id))).toMatchObject({ type: 'session_busy' });
  await open;
});

test('a worker that goes in the middle of a session loses nothing of it', async () => {
  const session_id = unique('moved');
  chat.world.openai.script({ match: 'first of three', tokens: 60, tokenMs: 20 });
  const send = (message: string) => chat.stream(message, { session_id }).then(heardIn);
  const first = send('first of three');
  await chat.world.openai.until(() => chat.world.openai.matching('first of three').some(({ tokens }) => tokens > 3));
  const others = ['second of three', 'third of three'].map(send);
  await expect.poll(async () => (await chat.session(session_id)).queued).toBe(2);
  await chat.world.dismiss();
  await sleep(100);
  await chat.world.hire();
  for (const heard of await Promise.all([first, ...others])) expect(heard.at(-1)!.type).toBe('run_completed');
  const last = toldIn(chat.world.openai.ledger.at(-1));
  expect(last.filter((text) => text.startsWith('user: '))).toHaveLength(3);
});
