// What clients are told of an agent: its tool calls, what it waits for, why it ended; and which answers they may give.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type ApiStage, openApiStage } from './api-stage.ts';
import { type Agents, openAgents } from './agents.ts';

let agents: Agents;
let stage: ApiStage;
beforeAll(async () => {
  agents = await openAgents();
  stage = await openApiStage(agents);
});
afterAll(async () => {
  await stage.close();
  await agents.close();
});
afterEach(() => agents.openai.reset());

const email = { to: 'ada@example.com', subject: 'Hello', body: 'Well?' };
const sum = { name: 'calculate', arguments: { expression: '2 + 2' } };
const agent = { name: 'caller', tools: ['calculate', 'send_email', 'ask_person'] };
const begin = () => stage.start('agent', { agent, messages: [{ role: 'user', content: 'Call them.' }] });

const page = z.object({ events: z.array(z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) })) });

async function told(id: string) {
  const response = await stage.ask('GET', `/api/runs/${id}/events?limit=1000`);
  const { events } = page.parse(await response.json());
  return events.filter(({ type }) => type.startsWith('tool_call'));
}

test('each call is told with its arguments and its result, and metrics count them and say why the agent ended', async () => {
  agents.openai.script({ calls: [sum, { name: 'calculate', arguments: '{' }] });
  const id = await begin();
  const run = await stage.until(id, ({ status }) => status === 'completed');
  expect(run.metrics).toMatchObject({ tool_calls_count: 2, steps_count: 4, termination_reason: 'answered' });
  const events = await told(id);
  expect(events.map(({ type }) => type).toSorted()).toEqual([
    'tool_call_completed',
    'tool_call_failed',
    'tool_call_started',
    'tool_call_started',
  ]);
  const started = { tool: 'calculate', args: { expression: '2 + 2' }, tool_call_id: 'call_1' };
  expect(events[0]).toMatchObject({ type: 'tool_call_started', data: started });
  const done = events.find(({ type }) => type === 'tool_call_completed');
  expect(done?.data).toMatchObject({ tool: 'calculate', tool_call_id: 'call_1', result: '4' });
  const failed = events.find(({ type }) => type === 'tool_call_failed');
  expect(failed?.data).toMatchObject({ tool_call_id: 'call_2', error: { type: 'tool_error' } });
});

test('a call that waits is shown in waiting_for, an unclear answer is 422, and a rejected call has failed', async () => {
  agents.openai.script({ calls: [{ name: 'send_email', arguments: email }] });
  const id = await begin();
  const run = await stage.until(id, ({ status }) => status === 'waiting');
  const [waiting] = run.waiting_for;
  expect(waiting).toMatchObject({ kind: 'approval', tool: 'send_email', tool_call_id: 'call_1', args: email });
  const say = (value: unknown) =>
    stage.ask('POST', `/api/runs/${id}/answer`, { waiting_id: waiting?.waiting_id, value });
  expect((await say({ decision: 'maybe' })).status).toBe(422);
  expect((await say({ decision: 'reject', reason: 'No.' })).status).toBe(200);
  expect((await say(true)).status).toBeGreaterThanOrEqual(400);
  await stage.until(id, ({ status }) => status === 'completed');
  expect((await told(id)).map(({ type }) => type)).toEqual(['tool_call_started', 'tool_call_failed']);
});

test("a person's answer is the result of the call that asked", async () => {
  agents.openai.script({ calls: [{ name: 'ask_person', arguments: { question: 'Which?' } }] });
  const id = await begin();
  const { waiting_for } = await stage.until(id, ({ status }) => status === 'waiting');
  await stage.ask('POST', `/api/runs/${id}/answer`, { waiting_id: waiting_for[0]?.waiting_id, value: 'blue' });
  await stage.until(id, ({ status }) => status === 'completed');
  const [started, done] = await told(id);
  expect(started).toMatchObject({ data: { tool: 'ask_person', args: { question: 'Which?' } } });
  expect(done).toMatchObject({ type: 'tool_call_completed', data: { tool: 'ask_person', result: 'blue' } });
});

const listed = z.object({ items: z.array(z.object({ id: z.string() })) });
const point = z.object({
  messages: z.array(z.object({ role: z.string() })),
  agent_config: z.object({ tools: z.array(z.string()), system_prompt: z.string().nullable() }),
});

async function checkpointsOf(id: string): Promise<string[]> {
  const list = await stage.ask('GET', `/api/runs/${id}/checkpoints`);
  return listed.parse(await list.json()).items.map((item) => item.id);
}

async function lastPoint(run: string): Promise<z.infer<typeof point>> {
  const ids = await checkpointsOf(run);
  const answer = await stage.ask('GET', `/api/checkpoints/${ids.at(-1)}`);
  return point.parse(await answer.json());
}

async function answered(): Promise<string> {
  agents.openai.script({ calls: [sum] });
  agents.openai.script({ text: 'Four.' });
  const id = await begin();
  await stage.until(id, ({ status }) => status === 'completed');
  return id;
}

test('a checkpoint has the messages of the agent, tool calls and results too, each once', async () => {
  const { messages, agent_config } = await lastPoint(await answered());
  expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
  expect(agent_config.tools).toEqual(['calculate', 'send_email', 'ask_person']);
});

test('a fork at a step with another system prompt shows it, and the messages once', async () => {
  const [, second] = await checkpointsOf(await answered());
  const modifications = { system_prompt: 'You whisper.', model: 'gpt-4o' };
  const forked = await stage.ask('POST', `/api/checkpoints/${second}/fork`, { modifications });
  const { new_run_id } = z.object({ new_run_id: z.string() }).parse(await forked.json());
  await stage.until(new_run_id, ({ status }) => status === 'completed');
  const last = agents.openai.ledger.at(-1)?.asked;
  expect(last?.model).toBe('gpt-4o');
  expect(last?.said.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
  const { messages, agent_config } = await lastPoint(new_run_id);
  expect(agent_config.system_prompt).toBe('You whisper.');
  expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant']);
});

test.each(['reject', 'fail'])(
  'a call that nobody has approved in time has failed, with %s',
  async (on_approval_timeout) => {
    agents.openai.script({ calls: [{ name: 'send_email', arguments: email }] });
    const config = { approval_timeout_s: 0.3, on_approval_timeout };
    const messages = [{ role: 'user', content: 'Call them.' }];
    const id = await stage.start('agent', { agent: { ...agent, config }, messages });
    const run = await stage.until(id, ({ completed_at }) => completed_at !== null);
    expect(run.metrics?.tool_calls_count).toBe(1);
    const events = await told(id);
    expect(events.map(({ type }) => type)).toEqual(['tool_call_started', 'tool_call_failed']);
    expect(events[1]?.data).toMatchObject({
      tool: 'send_email',
      tool_call_id: 'call_1',
      error: { type: 'approval_timed_out' },
    });
  },
);

test('a call that is made because nobody has answered in time has not failed', async () => {
  agents.openai.script({ calls: [{ name: 'send_email', arguments: email }] });
  const config = { approval_timeout_s: 0.3, on_approval_timeout: 'approve' };
  const messages = [{ role: 'user', content: 'Call them.' }];
  const id = await stage.start('agent', { agent: { ...agent, config }, messages });
  const run = await stage.until(id, ({ status }) => status === 'completed');
  expect(run.metrics?.tool_calls_count).toBe(1);
  expect((await told(id)).map(({ type }) => type)).toEqual([
    'tool_call_started',
    'tool_call_started',
    'tool_call_completed',
  ]);
});

test('a call of another agent is a tool call, counted once', async () => {
  const reader = { name: 'reader', system_prompt: 'You read.' };
  agents.openai.script({
    match: 'Call them.',
    calls: [{ name: 'agent_reader', arguments: { message: 'Read it.' } }, sum],
  });
  const messages = [{ role: 'user', content: 'Call them.' }];
  const id = await stage.start('agent', { agent: { ...agent, agents: [reader] }, messages });
  const run = await stage.until(id, ({ status }) => status === 'completed');
  expect(run.metrics?.tool_calls_count).toBe(2);
});

test('nobody is shown where a conversation is kept; a reply that was edited as shown is gone on from, with all before it', async () => {
  agents.openai.script({ calls: [sum] });
  const id = await begin();
  const { steps } = await stage.until(id, ({ status }) => status === 'completed');
  const shown = z.record(z.string(), z.unknown()).parse(steps[0]?.result);
  expect(Object.keys(shown).toSorted()).toEqual(['finish', 'model', 'response_id', 'text', 'tool_calls', 'usage']);
  const events = await (await stage.ask('GET', `/api/runs/${id}/events?limit=1000`)).text();
  for (const internal of ['"reference"', '"print"', '"wasted"']) expect(events).not.toContain(internal);
  agents.openai.reset();
  const points = await stage.ask('GET', `/api/runs/${id}/checkpoints`);
  const { items } = z
    .object({ items: z.array(z.object({ id: z.string(), step_num: z.number() })) })
    .parse(await points.json());
  const first = items.find(({ step_num }) => step_num === 1);
  const call = { id: 'mine', type: 'function', function: { name: 'calculate', arguments: '{"expression":"5*5"}' } };
  const edit = { modifications: { steps: { 1: { ...shown, tool_calls: [call] } } } };
  const fork = await stage.ask('POST', `/api/checkpoints/${first?.id}/fork`, edit);
  const { new_run_id } = z.object({ new_run_id: z.string() }).parse(await fork.json());
  await stage.until(new_run_id, ({ status }) => status === 'completed');
  expect(agents.openai.ledger[0]?.asked?.said).toMatchObject([
    { role: 'user', text: 'Call them.' },
    { role: 'assistant' },
    { role: 'tool', text: '25' },
  ]);
});
