// Sessions that began with older code go on with this one: what was recorded replays without a difference.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { sessionWorkflow } from '../workflows/session/messages.ts';
import { json } from './api-stage.ts';
import { type ChatStage, openChat, unique } from './chat-stage.ts';

const folder = fileURLToPath(new URL('./histories/sessions/', import.meta.url));
const recorded = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];

let chat: ChatStage;
beforeAll(async () => void (chat = await openChat()));
afterAll(() => chat.close());

const replay = (history: unknown) =>
  Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history);

test.each(recorded)('%s, recorded earlier, replays', async (name) => {
  await replay(JSON.parse(readFileSync(folder + name, 'utf8')));
});

/** Where and by whom it was recorded is nobody's business. */
const anonymous = (key: string, value: unknown) =>
  key === 'identity' ? 'recorded' : key === 'stackTrace' ? '' : value;

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

// Recorded at its first run; an old record is never written again, for it is what open sessions have.
test('a session replays as it has just been, and is recorded', async () => {
  const session_id = unique('recorded');
  await live(session_id);
  const handle = chat.world.client.workflow.getHandle(sessionWorkflow(session_id));
  const history = await handle.fetchHistory();
  await replay(history);
  const file = `${folder}session.json`;
  const missing = !existsSync(file);
  if (missing) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${JSON.stringify(JSON.parse(historyToJSON(history), anonymous), null, 1)}\n`);
  }
  expect(missing && process.env['CI'], `${file} is not there: run this test and commit it`).toBeFalsy();
});
