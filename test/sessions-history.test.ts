// What a session costs Temporal: each turn the same, however many came before; and that it goes on when its history is full.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstState } from '../workflows/session/state.ts';
import { sessionWorkflow } from '../workflows/session/messages.ts';
import { attributes } from '../workflows/runtime/messages.ts';
import { type ChatStage, openChat, toldIn, unique } from './chat-stage.ts';

const turns = process.env['WAYMARK_LONG'] ? 500 : 12;
const chars = 2000;

let chat: ChatStage;
beforeAll(async () => void (chat = await openChat()));
afterAll(() => chat.close());

const word = (i: number): string => `turn ${i} `.padEnd(chars, 'x');

test(
  `${turns} turns of 2 × 2 KB: the session's history has at most 10 KB a turn, and no turn more than one before`,
  async () => {
    const agent_id = await chat.makeAgent();
    chat.world.openai.script({ times: Infinity, text: (asked) => (asked.said.at(-1)?.text ?? '').slice(0, chars) });
    const session_id = unique('long');
    const handle = chat.world.client.workflow.getHandle(sessionWorkflow(session_id));
    const sizes: { timeline: string; bytes: number; events: number }[] = [];
    for (let i = 0; i < turns; i++) {
      await chat.say(word(i), { agent_id, session_id });
      await expect.poll(async () => (await chat.session(session_id)).in_flight, { interval: 5 }).toBeNull();
      const { runId: timeline, historyLength: events, historySize } = await handle.describe();
      sizes.push({ timeline, events, bytes: historySize ?? 0 });
    }
    const costs = sizes.flatMap(({ timeline, bytes, events }, i) => {
      const before = sizes[i - 1];
      return before?.timeline === timeline ? [{ bytes: bytes - before.bytes, events: events - before.events }] : [];
    });
    const most = Math.max(...costs.map(({ bytes }) => bytes));
    const mostEvents = Math.max(...costs.map(({ events }) => events));
    console.info(`a turn: at most ${most} bytes, ${mostEvents} events`);
    expect(most).toBeLessThan(10 * 1024);
    const early = costs.slice(1, 6).map(({ bytes }) => bytes);
    const late = costs.slice(-5).map(({ bytes }) => bytes);
    expect(Math.max(...late)).toBeLessThan(Math.max(...early) + 500);
    // The window of the model stays the agent's.
    expect(toldIn(chat.world.openai.ledger.at(-1)).join('').length).toBeLessThan((4000 + 1000) * 4);
  },
  turns * 2000,
);

test('a session whose history is full goes on with all that it knows, also while a turn is in flight', async () => {
  const session_id = unique('continued');
  const run = await chat.say('zero', { session_id: unique('other') });
  const state = firstState(session_id, { run_id: run.run_id, agent_id: chat.agent, message: 'zero' });
  const { workflowId } = await chat.world.client.workflow.start('session', {
    taskQueue: chat.world.taskQueue,
    workflowId: sessionWorkflow(session_id),
    args: [{ ...state, pace: { events: 30, check_ms: 50 } }],
    typedSearchAttributes: [
      { key: attributes.Kind, value: 'session' },
      { key: attributes.Session, value: session_id },
      { key: attributes.Agent, value: chat.agent },
    ],
  });
  chat.world.openai.script({ match: 'word 2', tokens: 30, tokenMs: 20 });
  const messages = Array.from({ length: 8 }, (_, i) => `word ${i}`);
  const [first] = (await chat.world.client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
  await Promise.all(messages.map((message) => chat.say(message, { session_id })));
  const last = toldIn(chat.world.openai.ledger.at(-1));
  expect(last.filter((text) => text.startsWith('user: '))).toHaveLength(9);
  expect(last[0]).toBe('user: zero');
  const description = await chat.world.client.workflow.getHandle(workflowId).describe();
  expect(description.runId).not.toBe(first?.workflowExecutionStartedEventAttributes?.originalExecutionRunId);
  expect(description.typedSearchAttributes.get(attributes.Session)).toBe(session_id);
  await expect.poll(async () => chat.session(session_id)).toMatchObject({ turns: 9, queued: 0, in_flight: null });
});
