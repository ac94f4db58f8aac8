// A message to a session is one turn, however often it is sent, and whoever goes before its run began.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Turn } from '../activities/session/turn.ts';
import { attributes } from '../workflows/runtime/messages.ts';
import { sessionWorkflow, type TurnRequest } from '../workflows/session/messages.ts';
import { firstState, type SessionState } from '../workflows/session/state.ts';
import { refuse, take } from '../workflows/session/take.ts';
import { json } from './api-stage.ts';
import { type ChatStage, openChat, toldIn, unique } from './chat-stage.ts';
import { defaultAnswer } from './openai.ts';

let chat: ChatStage;
beforeAll(async () => void (chat = await openChat()));
afterAll(() => chat.close());
beforeEach(() => chat.world.openai.reset());

const send = (key: string, message: string, session_id: string) =>
  chat.stream(message, { session_id, stream: false }, { 'idempotency-key': key });
const idle = async (id: string): Promise<void> =>
  await expect.poll(async () => (await chat.session(id)).in_flight, { timeout: 5000, interval: 20 }).toBeNull();
const calls = (message: string) => chat.world.openai.matching((asked) => asked.said.at(-1)?.text === message);

/** A session whose opener has gone: its first turn has no run. */
async function openAlone(
  pace: SessionState['pace'],
  more: Partial<SessionState> = {},
): Promise<{ session_id: string; turn: Omit<Turn, 'position'> }> {
  const session_id = unique('alone');
  const turn = { run_id: randomUUID(), agent_id: chat.agent, message: unique('first') };
  await chat.world.client.workflow.start('session', {
    taskQueue: chat.world.taskQueue,
    workflowId: sessionWorkflow(session_id),
    args: [{ ...firstState(session_id, turn), pace, ...more }],
    typedSearchAttributes: [
      { key: attributes.Kind, value: 'session' },
      { key: attributes.Session, value: session_id },
      { key: attributes.Agent, value: chat.agent },
    ],
  });
  return { session_id, turn };
}

test('the first message of a named session, sent thrice at once with one key, is one turn', async () => {
  const session_id = unique('thrice');
  const message = unique('hello');
  const key = unique('key');
  const answers = await Promise.all([1, 2, 3].map(() => send(key, message, session_id)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(calls(message)).toHaveLength(1);
  await idle(session_id);
  expect(await chat.session(session_id)).toMatchObject({ turns: 1, queued: 0 });
  const next = unique('next');
  await chat.say(next, { session_id });
  expect(toldIn(calls(next)[0])).toEqual([`user: ${message}`, `assistant: ${defaultAnswer(message)}`, `user: ${next}`]);
});

test('a turn that waits is known by its key in a later timeline, too; another message under the key is 409', async () => {
  chat.world.openai.script({ match: 'hold them up', tokens: 3000, tokenMs: 20 });
  const { session_id, turn } = await openAlone({ events: 16, check_ms: 50 });
  await expect.poll(() => calls(turn.message).length).toBe(1);
  await chat.stream('hold them up', { session_id });
  await chat.world.openai.until(() => chat.world.openai.matching('hold them up').length > 0);
  const handle = chat.world.client.workflow.getHandle(sessionWorkflow(session_id));
  const key = unique('key');
  const waiting = send(key, 'waits', session_id);
  await expect.poll(async () => (await chat.session(session_id)).queued).toBe(1);
  const { runId } = await handle.describe();
  const others = [];
  for (let i = 0; (await handle.describe()).runId === runId; i++)
    others.push(await chat.stream(`other ${i}`, { session_id }));
  const turns = 3 + others.length;
  expect(await chat.session(session_id)).toMatchObject({ turns, queued: turns - 2 });
  const wrong = await send(key, 'something else', session_id);
  expect([wrong.status, (await json(wrong)).type]).toEqual([409, 'idempotency_key_reused']);
  const again = send(key, 'waits', session_id);
  for (const { body } of others) await body?.cancel();
  const { in_flight } = await chat.session(session_id);
  await chat.api.ask('POST', `/api/runs/${in_flight}/cancel`);
  const [one, two] = await Promise.all([waiting, again].map(async (answer) => json<{ run_id: string }>(await answer)));
  expect(two?.run_id).toBe(one?.run_id);
  await idle(session_id);
  expect(await chat.session(session_id)).toMatchObject({ turns });
  expect(calls('waits')).toHaveLength(1);
});

test('a session begins its first run itself when who opened it has gone before that', async () => {
  const { session_id, turn } = await openAlone({ check_ms: 300 });
  await chat.say('second', { session_id });
  const answer = `assistant: ${defaultAnswer(turn.message)}`;
  expect(toldIn(calls('second')[0])).toEqual([`user: ${turn.message}`, answer, 'user: second']);
  expect(calls(turn.message)).toHaveLength(1);
  await chat.api.until(turn.run_id, ({ status }) => status === 'completed');
});

test('a first message that is interrupted before it has a run is never answered', async () => {
  const { session_id, turn } = await openAlone({});
  await chat.say('rather this', { session_id, double_texting: 'interrupt' });
  expect(toldIn(calls('rather this')[0])).toEqual([`user: ${turn.message}`, 'user: rather this']);
  expect(calls(turn.message)).toEqual([]);
});

test('a session outlives a turn that can never be begun, and tells who waits for it', async () => {
  const { session_id } = await openAlone({ tries: 2 }, { flight: undefined, conversation: 'no reference' });
  const refused = await chat.ask('in vain', { session_id });
  expect(await json(refused)).toMatchObject({ type: 'turn_refused' });
  expect(await chat.session(session_id)).toMatchObject({ turns: 2, queued: 0, in_flight: null });
  expect((await chat.api.ask('DELETE', `/api/sessions/${session_id}`)).status).toBe(204);
});

const request = (message: string, policy: TurnRequest['policy'] = 'queue'): TurnRequest => ({
  run_id: randomUUID(),
  agent_id: 'any',
  message,
  policy,
});

test('who interrupts withdraws all that waits, also between two turns, and a thousand may wait in all', () => {
  const state: SessionState = { ...firstState('s', request('first')), flight: undefined };
  for (const message of ['a', 'b']) take(state, request(message));
  take(state, request('c', 'interrupt'));
  expect(state.withdrawn.map(({ message }) => message)).toEqual(['a', 'b']);
  expect(state.queue.map(({ message }) => message)).toEqual(['c']);
  expect(state.interrupted).toBeUndefined();
  for (let i = 3; i < 1000; i++) take(state, request('more', 'interrupt'));
  expect(() => refuse(state, request('too many', 'interrupt'))).toThrow('1000 messages of the session wait already');
});

test('a session holds no more than 8 MB that wait', () => {
  const state = firstState('s', request('first'));
  const long = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 8; i++) {
    refuse(state, request(long));
    take(state, request(long));
  }
  expect(() => refuse(state, request('one more'))).toThrow('8 messages of the session wait already');
});
