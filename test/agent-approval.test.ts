// Tool calls that a person is asked about first: what becomes of each answer, and of none.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { answer, answerSignal } from '../workflows/runtime/messages.ts';
import { type Agents, called, openAgents } from './agents.ts';
import { inState } from './scenarios.ts';

let agents: Agents;
beforeAll(async () => void (agents = await openAgents()));
afterAll(() => agents.close());
afterEach(() => agents.openai.reset());

const email = { to: 'ada@example.com', subject: 'Hello', body: 'Well?' };
const mails = async () =>
  (await readdir(join(agents.data, 'outbox')).catch(() => [])).filter((name) => name.startsWith('email'));

/** An agent that wants to send an email, and waits for a word on it. */
async function asking(config: object = {}): Promise<WorkflowHandle> {
  agents.openai.script({ calls: [{ name: 'send_email', arguments: email }] });
  const run = await agents.begin({ tools: ['send_email'], config }, 'Write to Ada.');
  await inState(run, 'waiting');
  return run;
}

const say = (run: WorkflowHandle, value: unknown, waiting_id = 'send_email-1') =>
  run.executeUpdate(answer, { args: [{ waiting_id, value }] });

test('a call that needs an approval is shown with its arguments, and is not made before', async () => {
  const before = await mails();
  const run = await asking();
  const { memo } = await run.describe();
  expect(memo?.['waiting_for']).toMatchObject([
    { kind: 'approval', name: 'send_email', tool: 'send_email', tool_call_id: 'call_1', args: email },
  ]);
  expect(await mails()).toEqual(before);
  await say(run, { decision: 'approve' });
  await run.result();
  expect(agents.told(1)).toEqual([expect.stringContaining('"sent_to":"ada@example.com"')]);
  const [file] = (await mails()).filter((name) => !before.includes(name));
  expect(JSON.parse(await readFile(join(agents.data, 'outbox', file!), 'utf8'))).toMatchObject({
    demo: true,
    ...email,
  });
  expect(await called(run, 'callTool')).toMatchObject([{ args: JSON.stringify(email) }, { approved: true }]);
});

test('a call that was edited is made as edited, and only so', async () => {
  const before = await mails();
  const run = await asking();
  await say(run, { decision: 'approve', args: { ...email, to: 'bob@example.com' } });
  await run.result();
  expect(agents.told(1)).toEqual([expect.stringContaining('"sent_to":"bob@example.com"')]);
  expect(await mails()).toHaveLength(before.length + 1);
});

test.each([
  [{ decision: 'reject', reason: 'Ada is away.' }, 'Ada is away.'],
  [false, 'no reason was given'],
  ['reject', 'no reason was given'],
])('%j rejects a call, and the model is told why', async (value, reason) => {
  const before = await mails();
  const run = await asking();
  await say(run, value);
  expect(await run.result()).toMatchObject({ termination_reason: 'answered', turns: 2 });
  expect(agents.told(1)).toEqual([`The call was rejected, and has not been made: ${reason}`]);
  expect(await mails()).toEqual(before);
});

test('an answer that is neither yes nor no is refused, by signal too, and the run waits on', async () => {
  const run = await asking();
  for (const value of [{ decision: 'perhaps' }, 7, null, { decision: 'approve', args: 'all' }])
    await expect(say(run, value)).rejects.toMatchObject({ cause: { type: 'InvalidAnswer' } });
  await run.signal(answerSignal, { waiting_id: 'send_email-1', value: 'hm' });
  await say(run, 'approve');
  await run.result();
  expect(agents.told(1)).toEqual([expect.stringContaining('sent_to')]);
});

test('a second answer is refused', async () => {
  const run = await asking();
  agents.openai.script({ tokens: 30, tokenMs: 20 });
  await say(run, true);
  await expect(say(run, false)).rejects.toMatchObject({ cause: { type: 'NotWaiting' } });
  await run.result();
});

test.each([
  ['reject', 'The call was rejected, and has not been made: nobody answered within 0.3 seconds'],
  ['approve', expect.stringContaining('sent_to')],
])('after approval_timeout_s a call is treated as configured: %s', async (on_approval_timeout, told) => {
  const run = await asking({ approval_timeout_s: 0.3, on_approval_timeout });
  await run.result();
  expect(agents.told(1)).toEqual([told]);
});

test('after approval_timeout_s a run fails when it is configured so', async () => {
  const run = await asking({ approval_timeout_s: 0.3, on_approval_timeout: 'fail' });
  await expect(run.result()).rejects.toMatchObject({ cause: { type: 'ApprovalTimedOut' } });
});

test('a wait outlives the worker', async () => {
  const run = await asking({ approval_timeout_s: 600 });
  await agents.dismiss();
  await agents.hire();
  await say(run, { decision: 'approve' });
  await run.result();
  expect(agents.told(1)).toEqual([expect.stringContaining('sent_to')]);
  expect(agents.openai.ledger).toHaveLength(2);
});

test('several calls of a turn wait at once, each for its own answer', async () => {
  const other = { ...email, to: 'bob@example.com' };
  agents.openai.script({ calls: [email, other].map((args) => ({ name: 'send_email', arguments: args })) });
  const run = await agents.begin({ tools: ['send_email'] }, 'Write to both.');
  await inState(run, 'waiting');
  await agents.openai.until(() => true);
  const waiting = async () => {
    const { memo } = await run.describe();
    return memo?.['waiting_for'];
  };
  await expect.poll(waiting).toHaveLength(2);
  await say(run, false, 'send_email-2');
  await say(run, true, 'send_email-1');
  await run.result();
  const told = agents.told(1);
  expect(told.filter((text) => text.includes('rejected'))).toHaveLength(1);
  expect(told.filter((text) => text.includes('sent_to'))).toHaveLength(1);
});

test('a person who is asked by the agent answers it', async () => {
  agents.openai.script({ calls: [{ name: 'ask_person', arguments: { question: 'Which colour?' } }] });
  const run = await agents.begin({ tools: ['ask_person'] }, 'Paint it.');
  await inState(run, 'waiting');
  const { memo } = await run.describe();
  expect(memo?.['waiting_for']).toMatchObject([{ kind: 'question', question: 'Which colour?' }]);
  await say(run, 'blue', 'ask_person-1');
  await run.result();
  expect(agents.told(1)).toEqual(['blue']);
});

test('of many that wait at once the first ten are shown in full, and the next one when it is its turn', async () => {
  const calls = Array.from({ length: 12 }, () => ({
    name: 'send_email',
    arguments: { ...email, body: 'x'.repeat(400) },
  }));
  agents.openai.script({ calls });
  const run = await agents.begin({ tools: ['send_email'] }, 'Write to all.');
  const shown = async () => {
    const { memo } = await run.describe();
    const waits: { waiting_id: string; question: string; args?: unknown }[] = Object.values(
      memo?.['waiting_for'] ?? {},
    );
    return waits;
  };
  await expect.poll(async () => (await shown()).length).toBe(12);
  const before = await shown();
  expect(before.map(({ args }) => args !== undefined)).toEqual(before.map((_, n) => n < 10));
  expect(before[11]?.question.length).toBeLessThan(210);
  await say(run, false, before[0]?.waiting_id);
  await expect.poll(async () => (await shown()).filter(({ args }) => args !== undefined).length).toBe(10);
  expect((await shown())[9]?.waiting_id).toBe(before[10]?.waiting_id);
  for (const { waiting_id } of before.slice(1)) await say(run, false, waiting_id);
  await run.result();
});
