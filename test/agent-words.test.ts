// What is said to an agent that is at work: it is heard up to the end, or who says it is told that it is not.
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { answerSignal, message } from '../workflows/runtime/messages.ts';
import { type Agents, openAgents } from './agents.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';

let agents: Agents;
let api: ApiStage;
beforeAll(async () => {
  agents = await openAgents();
  api = await openApiStage(agents);
});
afterAll(async () => {
  await api.close();
  await agents.close();
});
beforeEach(() => agents.openai.reset());

const lastSaid = () => agents.openai.ledger.at(-1)?.asked?.said.map(({ role, text }) => `${role}: ${text}`);
const tell = (run: WorkflowHandle, text: string, policy?: string) =>
  api.ask('POST', `/api/runs/${run.workflowId}/message`, { text, policy });
const speaking = () => agents.openai.until(() => agents.openai.ledger.some(({ tokens }) => tokens > 3));

test.each([
  ['an answer', { max_steps: 5 }, {}],
  ['the last turn of all', { max_steps: 1 }, { calls: [{ name: 'calculate', arguments: { expression: '1+1' } }] }],
])('what is said while a run tells of its end is heard, after %s', async (_, config, end) => {
  agents.openai.script({ match: 'Begin.', text: 'That is all.', ...end });
  agents.openai.script({ match: 'One word more.', text: 'Well then.' });
  const agent = { name: 'tester', tools: ['calculate'], config };
  const run = await agents.start('lingers', { agent, question: 'Begin.' });
  await api.until(run.workflowId, ({ status }) => status === 'waiting');
  await run.signal(message, { text: 'One word more.' });
  await run.signal(answerSignal, { waiting_id: 'end-1', value: true });
  await api.until(run.workflowId, ({ waiting_for }) => waiting_for.some(({ waiting_id }) => waiting_id === 'end-2'));
  expect(lastSaid()?.at(-1)).toBe('user: One word more.');
  await run.signal(answerSignal, { waiting_id: 'end-2', value: true });
  expect(await run.result()).toMatchObject({ response: 'Well then.', turns: 2 });
});

test('what is said in the last turn is heard, though it ends in calls: they are made, and one more turn is given', async () => {
  const call = { name: 'calculate', arguments: { expression: '6*7' } };
  agents.openai.script({ match: 'Begin.', text: 'Let me see. '.repeat(20), tokenMs: 20, calls: [call] });
  agents.openai.script({ match: 'One word more.', text: 'Well then.' });
  const run = await agents.begin({ tools: ['calculate'], config: { max_steps: 1 } }, 'Begin.');
  await speaking();
  expect((await tell(run, 'One word more.')).status).toBe(200);
  expect(await run.result()).toEqual({ response: 'Well then.', termination_reason: 'answered', turns: 2 });
  expect(lastSaid()?.slice(-2)).toEqual(['tool: 42', 'user: One word more.']);
});

test("without a policy the agent's own holds: with reject the API refuses, and a signal is not heard", async () => {
  agents.openai.script({ match: 'Begin.', tokens: 60, tokenMs: 20 });
  agents.openai.script({ match: 'though', text: 'Heard.' });
  const run = await agents.begin({ config: { double_texting: 'reject' } }, 'Begin.');
  await speaking();
  const refused = await tell(run, 'Not now.');
  expect(refused.status).toBe(409);
  expect(await json(refused)).toMatchObject({ type: 'run_busy' });
  await run.signal(message, { text: 'Nor so.' });
  expect((await tell(run, 'This though.', 'queue')).status).toBe(200);
  expect(await run.result()).toMatchObject({ response: 'Heard.' });
  expect(lastSaid()?.filter((said) => said.startsWith('user'))).toEqual(['user: Begin.', 'user: This though.']);
});

test('with reject a run that waits for a person may be told something, and hears it', async () => {
  const mail = { to: `${randomUUID()}@example.com`, subject: 'x', body: 'y' };
  agents.openai.script({ match: 'Begin.', calls: [{ name: 'send_email', arguments: mail }] });
  const run = await agents.begin({ tools: ['send_email'], config: { double_texting: 'reject' } }, 'Begin.');
  await api.until(run.workflowId, ({ status }) => status === 'waiting');
  expect((await tell(run, 'Rather not.')).status).toBe(200);
  await run.signal(answerSignal, { waiting_id: 'send_email-1', value: false });
  await run.result();
  expect(lastSaid()?.at(-1)).toBe('user: Rather not.');
});

test('with interrupt as its own policy an agent is stopped by a message that names none', async () => {
  agents.openai.script({ match: 'Begin.', tokens: 500, tokenMs: 20 });
  const run = await agents.begin({ config: { double_texting: 'interrupt' } }, 'Begin.');
  await speaking();
  expect((await tell(run, 'Stop.')).status).toBe(200);
  await run.result();
  expect(agents.openai.ledger[0]?.outcome).toBe('aborted');
});
