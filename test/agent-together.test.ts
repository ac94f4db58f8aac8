// What goes on at once in an agent: the calls of a turn, its sub-agents, and a user who speaks meanwhile.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { attributes, message } from '../workflows/runtime/messages.ts';
import { type Agents, openAgents, openSite, type Site } from './agents.ts';

let agents: Agents;
let site: Site;
beforeAll(async () => {
  site = await openSite('A page.', 300);
  agents = await openAgents({ pages: { allow: [site.origin] } });
});
afterAll(async () => {
  await agents.close();
  site.close();
});
afterEach(() => agents.openai.reset());

test('the calls of a turn are made side by side', async () => {
  const calls = [1, 2, 3, 4].map((n) => ({ name: 'fetch_page', arguments: { url: `${site.origin}/${n}` } }));
  agents.openai.script({ calls });
  const run = await agents.begin({ tools: ['fetch_page'] }, 'Read them.');
  await run.result();
  expect(agents.told(1)).toHaveLength(4);
  expect(agents.told(1)[0]).toContain('A page.');
  const { visits } = site;
  expect(Math.max(...visits.map(({ from }) => from))).toBeLessThan(Math.min(...visits.map(({ to = 0 }) => to)));
});

test('a sub-agent is a run of its own, and its answer is the result of the call', async () => {
  const reader = { name: 'reader', system_prompt: 'You read.', description: 'Reads.' };
  agents.openai.script({
    match: 'Ask the reader',
    calls: [{ name: 'agent_reader', arguments: { message: 'Read it.' } }],
  });
  agents.openai.script({ match: 'You read', text: 'It says so.' });
  const run = await agents.begin({ agents: [reader] }, 'Ask the reader.');
  await run.result();
  expect(agents.openai.ledger).toHaveLength(3);
  expect(agents.openai.ledger[1]?.asked?.said).toEqual([
    { role: 'system', text: 'You read.' },
    { role: 'user', text: 'Read it.' },
  ]);
  expect(agents.told(2)).toEqual(['It says so.']);
  const { events } = await run.fetchHistory();
  const started = events?.find((event) => event.childWorkflowExecutionStartedEventAttributes);
  const child = started?.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId;
  const { typedSearchAttributes: has } = await agents.client.workflow.getHandle(child ?? '').describe();
  expect(has.get(attributes.Agent)).toBe('reader');
  expect(has.get(attributes.Kind)).toBe('run');
  expect(has.get(attributes.RootRun)).toBe(run.workflowId);
});

test("a sub-agent's failure is the call's result", async () => {
  const reader = { name: 'reader', system_prompt: 'You read.' };
  agents.openai.script({
    match: 'Ask the reader',
    calls: [{ name: 'agent_reader', arguments: { message: 'Read it.' } }],
  });
  agents.openai.script({ match: 'You read', fault: { status: 400 } });
  const run = await agents.begin({ agents: [reader] }, 'Ask the reader.');
  expect(await run.result()).toMatchObject({ termination_reason: 'answered' });
  expect(agents.told(2)).toEqual([expect.stringMatching(/^agent_reader failed: /)]);
});

test('a cancel reaches the sub-agents', async () => {
  const reader = { name: 'reader', system_prompt: 'You read.' };
  agents.openai.script({
    match: 'Ask the reader',
    calls: [{ name: 'agent_reader', arguments: { message: 'Read it.' } }],
  });
  agents.openai.script({ match: 'You read', tokens: 500, tokenMs: 20 });
  const run = await agents.begin({ agents: [reader] }, 'Ask the reader.');
  await agents.openai.until(() => agents.openai.matching('You read').some(({ tokens }) => tokens > 2));
  await run.cancel();
  await expect(run.result()).rejects.toThrow('Workflow execution cancelled');
  await agents.openai.until(() => agents.openai.matching('You read').every(({ outcome }) => outcome === 'aborted'));
  expect(agents.openai.ledger).toHaveLength(2);
});

test('the same call of two sub-agents is two calls', async () => {
  const clerk = { name: 'clerk', system_prompt: 'You file.', tools: ['create_ticket'] };
  const ticket = { title: 'Lamp', description: 'Dark', priority: 'low' };
  const ask = { name: 'agent_clerk', arguments: { message: 'File it.' } };
  agents.openai.script({ match: 'Ask both', calls: [ask, ask] });
  agents.openai.script({ match: 'You file', calls: [{ name: 'create_ticket', arguments: ticket }], times: 2 });
  const run = await agents.begin({ agents: [clerk] }, 'Ask both.');
  await run.result();
  const results = agents.openai.matching('You file').flatMap(({ asked }) => asked?.said ?? []);
  const made = results.filter(({ role }) => role === 'tool').map(({ text }) => text);
  expect(new Set(made).size).toBe(2);
});

test('a message that is queued is said before the next model call', async () => {
  agents.openai.script({ calls: [{ name: 'fetch_page', arguments: { url: `${site.origin}/q` } }] });
  const run = await agents.begin({ tools: ['fetch_page'] }, 'Read it.');
  await agents.openai.until(() => agents.openai.ledger.some(({ outcome }) => outcome === 'answered'));
  await run.signal(message, { text: 'And be brief.', policy: 'queue' });
  await run.result();
  expect(agents.openai.ledger[1]?.asked?.said.slice(-2)).toMatchObject([{ role: 'tool' }, { text: 'And be brief.' }]);
});

test('a message that comes while the answer is being made gets one more turn', async () => {
  agents.openai.script({ tokens: 30, tokenMs: 20 });
  agents.openai.script({ match: 'One more thing', text: 'That too.' });
  const run = await agents.begin({ config: { max_steps: 1 } }, 'Tell me.');
  await agents.openai.until(() => agents.openai.ledger.some(({ tokens }) => tokens > 3));
  await run.signal(message, { text: 'One more thing.' });
  expect(await run.result()).toEqual({ response: 'That too.', termination_reason: 'answered', turns: 2 });
  const said = agents.openai.ledger[1]?.asked?.said;
  expect(said?.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
});

test('a message that interrupts stops the model at once, and what it had said stays said', async () => {
  agents.openai.script({ tokens: 500, tokenMs: 20 });
  const run = await agents.begin({ config: { double_texting: 'interrupt' } }, 'Tell me.');
  await agents.openai.until(() => agents.openai.ledger.some(({ tokens }) => tokens > 5));
  await run.signal(message, { text: 'Stop.' });
  await run.result();
  expect(agents.openai.ledger[0]?.outcome).toBe('aborted');
  const [, partial, stop] = agents.openai.ledger[1]?.asked?.said ?? [];
  expect(partial).toMatchObject({ role: 'assistant', text: expect.stringMatching(/^Answer \w+/) });
  expect(stop).toEqual({ role: 'user', text: 'Stop.' });
});

test('a message that interrupts the last turn gets one more', async () => {
  agents.openai.script({ match: 'Tell me', tokens: 500, tokenMs: 20 });
  agents.openai.script({ match: 'Stop', text: 'Stopped.' });
  const run = await agents.begin({ config: { max_steps: 1 } }, 'Tell me.');
  await agents.openai.until(() => agents.openai.ledger.some(({ tokens }) => tokens > 5));
  await run.signal(message, { text: 'Stop.', policy: 'interrupt' });
  expect(await run.result()).toEqual({ response: 'Stopped.', termination_reason: 'answered', turns: 2 });
});
