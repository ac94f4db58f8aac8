// Whatever a model writes as tool calls, the run ends as it should: no workflow task fails, nothing hangs.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Asked } from '../activities/model/server/asked.ts';
import { type Agents, openAgents } from './agents.ts';
import { randomOf, seed } from './sample.ts';

let agents: Agents;
beforeAll(async () => void (agents = await openAgents()));
afterAll(() => agents.close());

const runs = process.env['WAYMARK_LONG'] ? 500 : 20;
const atOnce = 10;

const names = ['calculate', 'create_ticket', 'search_knowledge', 'agent_clerk', 'ask_person', 'report_activity'];
const strange = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'calculate ',
  'x'.repeat(5000),
  '\ud800',
  'ünï',
  'a\nb',
  '../..',
];

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const argumentsOf = [
  '',
  'null',
  '{',
  '{"expression": ',
  '{"expression": "1+1"',
  'not JSON',
  '[]',
  '7',
  '"text"',
  '{"expression": 5}',
  '{"expression": null}',
  '{"expression": {"a": [1, 2, 3]}}',
  '{"expression": "1+1", "more": true}',
  '{"__proto__": {"polluted": true}, "expression": "1"}',
  '{"constructor": {"prototype": {"polluted": true}}}',
  '{"message": 5, "percentage": "much"}',
  '{"message": "\\ud800", "percentage": 1e999}',
  '{"percentage": -5, "message": "m"}',
  '{"query": "\\u0000"}',
  '{"title": [], "description": {}, "priority": "highest"}',
  `{"expression": "${'('.repeat(900)}"}`,
  `{"expression": "${'9'.repeat(900)}"}`,
  `{"query": "${'x'.repeat(100_000)}"}`,
  `{"query": "${'x'.repeat(400_000)}"}`,
  `{"expression": ${deep(90)}}`,
  `{"expression": ${deep(5000)}}`,
  deep(50_000),
  '\u0000\uffff',
  '{"expression": "1"}{"expression": "2"}',
];

/** Calls as no provider should send them. */
function callsOf(random: () => number): { id?: string; name: string; arguments: unknown }[] {
  const pick = <T>(of: T[]): T => of[Math.floor(random() * of.length)]!;
  return Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({
    ...(random() < 0.5 && { id: pick(['', 'same', 'call_1', '__proto__', 'x'.repeat(3000)]) }),
    name: pick(random() < 0.6 ? names : strange),
    arguments: pick(argumentsOf),
  }));
}

test(`${runs} runs with malformed tool calls all end typed, and fail no workflow task (WAYMARK_SEED=${seed})`, async () => {
  const random = randomOf(seed);
  const one = async (n: number): Promise<string | undefined> => {
    const question = `Run number ${n}.`;
    const calls = callsOf(random);
    // However often it is asked: an attempt may be lost on a busy machine.
    const isFirst = ({ said }: Asked) =>
      said.some(({ text }) => text === question) && said.every(({ role }) => role !== 'tool');
    agents.openai.script({ match: isFirst, calls, times: Infinity });
    const agent = {
      tools: ['calculate', 'create_ticket', 'search_knowledge', 'report_activity'],
      agents: [{ name: 'clerk' }],
    };
    const run = await agents.begin(agent, question);
    const result: unknown = await run.result().catch((error: unknown) => error);
    const { events } = await run.fetchHistory();
    const failed = events?.some((event) => event.workflowTaskFailedEventAttributes);
    const isAnswered =
      typeof result === 'object' && result !== null && 'turns' in result && result.turns === 2 && !failed;
    return isAnswered
      ? undefined
      : `${JSON.stringify(result)} ${failed ? 'a task failed' : ''} ${JSON.stringify(calls).slice(0, 300)}`;
  };
  const wrong: (string | undefined)[] = [];
  for (let n = 0; n < runs; n += atOnce)
    wrong.push(...(await Promise.all(Array.from({ length: Math.min(atOnce, runs - n) }, (_, i) => one(n + i)))));
  expect(wrong.filter((one) => one !== undefined)).toEqual([]);
  expect('polluted' in {}).toBe(false);
}, 600_000);

test('a turn of many calls makes the first hundred, and says so of the others', async () => {
  agents.openai.reset();
  const calls = Array.from({ length: 130 }, () => ({ name: 'calculate', arguments: { expression: '1' } }));
  agents.openai.script({ calls });
  const run = await agents.begin({ tools: ['calculate'] }, 'All.');
  await run.result();
  const told = agents.told(1);
  expect(told.filter((text) => text === '1')).toHaveLength(100);
  expect(told.filter((text) => text.startsWith('Not called'))).toHaveLength(30);
}, 60_000);
