// Sessions that began with older code go on with this one: what was recorded replays without a difference.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sessionWorkflow } from '../workflows/session/messages.ts';
import { json } from './api-stage.ts';
import { type ChatStage, openChat, unique } from './chat-stage.ts';
import { recordsIn, replay } from './record.ts';

const records = recordsIn('sessions');

let chat: ChatStage;
beforeAll(async () => void (chat = await openChat()));
afterAll(() => chat.close());

test.each(records.names)('%s, recorded earlier, replays', async (name) => {
  await replay(records.read(name));
});

const idle = async (id: string): Promise<void> =>
  await expect.poll(async () => (await chat.session(id)).in_flight, { timeout: 5000, interval: 20 }).toBeNull();

/** Turns that queue, that interrupt, that are refused, and a branch that becomes the head. */
async function live(session_id: string): Promise<void> {
  const { run_id } = await chat.say('first', { session_id });
  chat.world.openai.script({ match: 'second', tokens: 100, tokenMs: 20 });
  const second = chat.ask('second', { session_id });
  await chat.world.openai.until(() => chat.world.openai.matching('second').some(({ tokens }) => tokens > 3));
  const third = chat.stream('third', { session_id });
  await expect.poll(async () => (await chat.session(session_id)).queued).toBe(1);
  expect((await chat.ask('refused', { session_id, double_texting: 'reject' })).status).toBe(409);
  const other = await chat.makeAgent();
  await chat.say('fourth', { session_id, agent_id: other, double_texting: 'interrupt' });
  await Promise.all([second, third.then((answer) => answer.text())]);
  await idle(session_id);
  const promoted = await chat.api.ask('POST', `/api/runs/${run_id}/promote`);
  expect(await json(promoted)).toMatchObject({ head: run_id });
  await expect.poll(async () => (await chat.session(session_id)).head).toBe(run_id);
  await chat.say('fifth', { session_id });
  await idle(session_id);
}

/** Turns of one user and then of another. */
async function change(session_id: string): Promise<void> {
  for (const user_id of ['ada', 'bob', undefined]) await chat.say('a word', { session_id, user_id });
  await idle(session_id);
}

test.each([
  ['session', live],
  ['session-users', change],
])('%s replays as it has just been, and is recorded', async (name, live) => {
  const session_id = unique('recorded');
  await live(session_id);
  const handle = chat.world.client.workflow.getHandle(sessionWorkflow(session_id));
  const history = await handle.fetchHistory();
  await replay(history);
  records.keep(name, history);
});
