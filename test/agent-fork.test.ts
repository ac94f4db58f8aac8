// Forks of agents: at every event of a run with calls side by side and an approval, nothing that was bought is bought again;
// and what a fork changes, the model is told.
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { HistoryEvent } from '../activities/journal/history.ts';
import { effectOf } from '../activities/effects.ts';
import { answerSignal, state } from '../workflows/runtime/messages.ts';
import { type Agents, openAgents } from './agents.ts';
import { fork, historyOf, idOf } from './forks.ts';
import { sampleOf } from './sample.ts';
import { inState } from './scenarios.ts';

let agents: Agents;
beforeAll(async () => void (agents = await openAgents()));
afterAll(() => agents.close());
afterEach(() => agents.openai.reset());

const email = { name: 'send_email', arguments: { to: 'a@example.com', subject: 's', body: 'b' } };
const sums = ['1 + 1', '2 + 2'].map((expression) => ({ name: 'calculate', arguments: { expression } }));
const caller = { name: 'caller', system_prompt: 'You call.', tools: ['calculate', 'send_email'] };
const input = (question: string, agent: object = caller) => ({
  agent,
  messages: [{ role: 'user', content: question }],
});

/** What the model answers follows from what it is told, so that a fork is told the same from wherever it begins. */
function scripted(): void {
  const told = (count: number) => (asked: { said: { role: string }[] }) =>
    asked.said.filter(({ role }) => role === 'tool').length === count;
  agents.openai.script({ match: told(0), calls: [...sums, email], times: Infinity });
  agents.openai.script({ match: told(3), calls: sums, times: Infinity });
  agents.openai.script({ match: told(5), text: 'Done.', times: Infinity });
}

async function approving(run: WorkflowHandle): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const waiting = await run.query(state).then(
      ({ waiting_for }) => waiting_for[0],
      () => undefined,
    );
    if (waiting) await run.signal(answerSignal, { waiting_id: waiting.waiting_id, value: true }).catch(() => {});
    const { status } = await run.describe();
    if (status.name !== 'RUNNING') return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function original(): Promise<{ run: string; timeline: string; events: HistoryEvent[] }> {
  const run = await agents.start('agent', input('Call them.'));
  await inState(run, 'waiting');
  await approving(run);
  expect(await run.result()).toEqual({ response: 'Done.', termination_reason: 'answered', turns: 3 });
  const { runId: timeline } = await run.describe();
  return { run: run.workflowId, timeline, events: await historyOf(agents, run.workflowId) };
}

const modelCalls = (events: HistoryEvent[]) => {
  const scheduled = new Set(
    events.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'callModel').map(idOf),
  );
  return events.filter((event) =>
    scheduled.has(Number(event.activityTaskCompletedEventAttributes?.scheduledEventId ?? -1)),
  );
};

test('at every event of an agent with tools, a fork takes over what is done and makes the rest once', async () => {
  scripted();
  const { run, timeline, events } = await original();
  const ledgers: [number, number, number][] = [];
  for (const event of sampleOf(events.map(idOf).slice(1), 8)) {
    const before = agents.openai.ledger.length;
    const forked = await fork(agents, { type: 'agent', args: [input('Call them.')], source: { run, timeline }, event });
    void approving(forked);
    const result = await forked.result();
    expect(result, `at ${event}`).toEqual({ response: 'Done.', termination_reason: 'answered', turns: 3 });
    const done = modelCalls(events).filter((each) => idOf(each) <= event).length;
    ledgers.push([event, agents.openai.ledger.length - before, 3 - done]);
  }
  expect(ledgers.filter(([, calls, left]) => calls !== left)).toEqual([]);
}, 300_000);

test('a fork in mid-run with another system prompt tells the model it, and all that was said', async () => {
  scripted();
  const { run, timeline, events } = await original();
  const [, second] = modelCalls(events);
  agents.openai.reset();
  agents.openai.script({ text: 'New.' });
  const changed = input('Call them.', { ...caller, system_prompt: 'You whisper.' });
  const forked = await fork(agents, {
    type: 'agent',
    args: [changed],
    source: { run, timeline },
    event: idOf(second!),
  });
  expect(await forked.result()).toMatchObject({ response: 'New.' });
  const said = agents.openai.ledger[0]?.asked?.said ?? [];
  expect(said[0]).toEqual({ role: 'system', text: 'You whisper.' });
  expect(said.filter(({ role }) => role === 'tool').map(({ text }) => text)).toEqual([
    '2',
    '4',
    expect.stringContaining('sent_to'),
    '2',
    '4',
  ]);
}, 60_000);

test('a fork that edits what the model said goes on from the edit', async () => {
  agents.openai.script({ calls: sums });
  const run = await agents.start('agent', input('Call them.'));
  await run.result();
  const { runId: timeline } = await run.describe();
  const events = await historyOf(agents, run.workflowId);
  const [first] = modelCalls(events);
  const data = first?.activityTaskCompletedEventAttributes?.result?.payloads?.[0]?.data;
  const reply: object = JSON.parse(new TextDecoder().decode(data ?? undefined));
  const call = { id: 'mine', type: 'function', function: { name: 'calculate', arguments: '{"expression":"5*5"}' } };
  const edits = [{ timeline, event: idOf(first!), result: { ...reply, tool_calls: [call] } }];
  agents.openai.reset();
  const source = { run: run.workflowId, timeline };
  const options = { type: 'agent', args: [input('Call them.')], source, event: idOf(first!), edits, id: randomUUID() };
  await (await fork(agents, options)).result();
  expect(agents.told(0)).toEqual(['25']);
}, 60_000);

test('what a tool call does outside is what its tool does, once it is approved', () => {
  expect(effectOf('callTool', { tool: 'calculate', args: '{}' })).toBe('none');
  expect(effectOf('callTool', { tool: 'create_ticket', args: '{}' })).toBe('external');
  expect(effectOf('callTool', { tool: 'send_email', args: '{}' })).toBe('none');
  expect(effectOf('callTool', { tool: 'send_email', args: '{}', approved: true })).toBe('external');
  expect(effectOf('callTool', { tool: 'no such' })).toBe('external');
  expect(effectOf('callTool', undefined)).toBe('external');
});
