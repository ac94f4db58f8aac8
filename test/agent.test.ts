// An agent's loop, as the model sees it: what it is told, in which order, and how a run of it ends.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { called, openAgents, type Agents } from './agents.ts';

let agents: Agents;
beforeAll(async () => void (agents = await openAgents()));
afterAll(() => agents.close());
afterEach(() => agents.openai.reset());

test('the model sees the system prompt and what was said, and its text is the response', async () => {
  agents.openai.script({ text: 'Four.' });
  const run = await agents.begin({ system_prompt: 'You count.', tools: ['calculate'] }, 'How much is 2 + 2?');
  expect(await run.result()).toEqual({ response: 'Four.', termination_reason: 'answered', turns: 1 });
  const [call] = agents.openai.ledger;
  expect(call?.asked?.said).toEqual([
    { role: 'system', text: 'You count.' },
    { role: 'user', text: 'How much is 2 + 2?' },
  ]);
  expect(call?.asked?.tools.map(({ name }) => name)).toEqual(['calculate']);
});

test('tool results go back to the model in the order of its calls', async () => {
  agents.openai.script({
    calls: [
      { name: 'calculate', arguments: { expression: '2 + 2' } },
      { name: 'calculate', arguments: { expression: '(1 + 2) ^ 2' } },
    ],
  });
  const run = await agents.begin({ tools: ['calculate'] }, 'Work it out.');
  expect(await run.result()).toMatchObject({ termination_reason: 'answered', turns: 2 });
  expect(agents.told(1)).toEqual(['4', '9']);
});

test.each([
  ['a tool that the agent does not have', 'send_email', '{}', 'Tool send_email not found.'],
  ['a tool that there is none of', 'fly', '{}', 'Tool fly not found.'],
  ['broken JSON', 'calculate', '{"expression": ', /^The arguments do not fit calculate: they are not JSON/],
  ['another shape', 'calculate', '{"expression": 4}', /^The arguments do not fit calculate: expression: /],
  ['a tool that throws', 'calculate', '{"expression": "2 +"}', 'calculate failed: The expression ends too early.'],
])('%s is told to the model, and the run goes on', async (_, name, args, told) => {
  agents.openai.script({ calls: [{ name, arguments: args }] });
  const run = await agents.begin({ tools: ['calculate'] }, 'Do it.');
  expect(await run.result()).toMatchObject({ termination_reason: 'answered', turns: 2 });
  expect(agents.told(1)).toEqual([typeof told === 'string' ? told : expect.stringMatching(told)]);
});

test('max_steps ends the run as completed, and the last calls are not made', async () => {
  agents.openai.script({ calls: [{ name: 'calculate', arguments: { expression: '1' } }], times: Infinity });
  const run = await agents.begin({ tools: ['calculate'], config: { max_steps: 2 } }, 'Go on.');
  expect(await run.result()).toEqual({ response: '', termination_reason: 'max_steps', turns: 2 });
  expect(agents.openai.ledger).toHaveLength(2);
  expect(await called(run, 'callTool')).toHaveLength(1);
});

test('with recovery the model is told to wrap up, and has some more turns', async () => {
  const recovery = { max_turns: 2, message: 'Wrap up.' };
  agents.openai.script({ calls: [{ name: 'calculate', arguments: { expression: '1' } }], times: 2 });
  agents.openai.script({ text: 'All found.' });
  const run = await agents.begin({ tools: ['calculate'], config: { max_steps: 2, recovery } }, 'Go on.');
  expect(await run.result()).toEqual({ response: 'All found.', termination_reason: 'answered', turns: 3 });
  expect(agents.openai.ledger[2]?.asked?.said.map(({ text }) => text).slice(-2)).toEqual(['1', 'Wrap up.']);
});

test('an answer of another schema is asked for once more, with what is wrong', async () => {
  const output_schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
  agents.openai.script({ text: '{"n": "four"}' });
  agents.openai.script({ text: '{"n": 4}' });
  const run = await agents.begin({ output_schema }, 'How many?');
  expect(await run.result()).toMatchObject({ output: { n: 4 }, turns: 2 });
  expect(agents.openai.ledger[0]?.asked?.schema).toEqual(output_schema);
  expect(agents.openai.ledger[1]?.prompt).toContain('/n must be integer');
});

test('a second answer of another schema fails the run', async () => {
  agents.openai.script({ text: 'No.', times: 2 });
  const run = await agents.begin({ output_schema: { type: 'object' } }, 'How many?');
  await expect(run.result()).rejects.toMatchObject({ cause: { type: 'OutputInvalid' } });
  expect(agents.openai.ledger).toHaveLength(2);
});
