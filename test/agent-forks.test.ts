// Forks and restores of an agent's run at every checkpoint, with each modification: what the model is told from there on,
// that nothing which is recorded is bought again, and that what a tool has done outside is not done again unasked.
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Asked } from '../activities/model/server/asked.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import {
  checkpointOf,
  forkAt,
  type ForkStage,
  openForkStage,
  post,
  read,
  type RestoreAnswer,
} from './api-fork-stage.ts';
import { sampleOf, seed } from './sample.ts';

type Said = Asked['said'];

const ticket = { title: 'Lamp', description: 'Dark', priority: 'low' };
const email = { to: 'ada@example.com', subject: 'Lamp', body: 'Dark.' };
const sum = (expression: string) => ({ name: 'calculate', arguments: { expression } });
/** By how many results of tools the model was told. */
const turns = new Map([
  [
    0,
    [sum('1 + 1'), { name: 'create_ticket', arguments: ticket }, { name: 'agent_reader', arguments: { message: 'R' } }],
  ],
  [3, [{ name: 'send_email', arguments: email }]],
  [4, [sum('2 + 2'), sum('3 + 3')]],
]);
const reader = { name: 'reader', description: 'Reads.', system_prompt: 'You read.' };
const input = {
  agent: {
    name: 'boss',
    system_prompt: 'You lead.',
    tools: ['calculate', 'create_ticket', 'send_email'],
    agents: [reader],
  },
  messages: [{ role: 'user', content: 'Do it.' }],
};

let stage: ForkStage;
let source: RunAnswer;
/** What the source's model was told, call by call. */
let told: Said[];

beforeAll(async () => {
  stage = await openForkStage();
  const results = ({ said }: Asked) => said.filter(({ role }) => role === 'tool').length;
  const isReader = ({ said }: Asked) => said[0]?.text === reader.system_prompt;
  for (const [count, calls] of turns)
    stage.world.openai.script({
      match: (asked) => !isReader(asked) && results(asked) === count,
      calls,
      times: Infinity,
    });
  stage.world.openai.script({ text: 'Read or done.', times: Infinity });
  const id = await stage.api.start('agent', input);
  await finished(id);
  source = await read(stage.api, id);
  told = thoughts();
  if (told.length !== turns.size + 1) throw new Error(`The source asked its model ${told.length} times.`);
});
afterAll(() => stage.close());

/** What the model was told since the ledger was emptied, but for the sub-agent's. */
const thoughts = (): Said[] =>
  stage.world.openai.ledger.flatMap(({ asked }) =>
    asked && asked.said[0]?.text !== reader.system_prompt ? [asked.said] : [],
  );
const reads = (): number => stage.world.openai.ledger.length - thoughts().length;

const before = /was called before|has called/;

/** To its end: what was done before is reused, all else approved. Gives the questions. */
async function finished(id: string): Promise<{ tool: string; question: string }[]> {
  const asked: { tool: string; question: string }[] = [];
  for (const end = Date.now() + 60_000; ; await sleep(20)) {
    const { completed_at, waiting_for } = await read(stage.api, id);
    if (completed_at !== null) return asked;
    if (Date.now() > end) throw new Error(`Run ${id} did not end within 60000 ms.`);
    const [waiting] = waiting_for;
    if (!waiting) continue;
    const value = { decision: before.test(waiting.question) ? 'reuse' : 'approve' };
    const answer = await stage.api.ask('POST', `/api/runs/${id}/answer`, { waiting_id: waiting.waiting_id, value });
    if (answer.ok) asked.push({ tool: waiting.tool ?? '', question: waiting.question });
  }
}

/** Steps of the source up to the checkpoint of the `nth`, in the order in which they were completed. */
const kept = (nth: number) => source.steps.filter(({ step_num }) => step_num !== null && step_num <= nth);
const thinks = (steps: RunAnswer['steps']): number => steps.filter(({ name }) => name === 'think').length;
const isDone = (tool: string, steps: RunAnswer['steps']): boolean =>
  steps.some(({ name, result }) => name === tool && outcome.safeParse(result).success);
const outcome = z.object({ kind: z.literal('result') });

interface Change {
  name: string;
  modifications?: object;
  /** What the model is told instead of what the source's was. */
  told: (said: Said) => Said;
  model?: string;
}

const replaced =
  (role: string, ...by: Said) =>
  (said: Said): Said => {
    const at = said.findIndex((each) => each.role === role);
    return [...said.slice(0, at), ...by, ...said.slice(at + 1)];
  };
const other = [
  { role: 'user', content: 'Hello.' },
  { role: 'assistant', content: 'Hi.' },
  { role: 'user', content: 'Do that.' },
];
const changes: Change[] = [
  { name: 'nothing', told: (said) => said },
  {
    name: 'system_prompt',
    modifications: { system_prompt: 'You follow.' },
    told: replaced('system', { role: 'system', text: 'You follow.' }),
  },
  {
    name: 'modified_query',
    modifications: { modified_query: 'Do that.' },
    told: replaced('user', { role: 'user', text: 'Do that.' }),
  },
  {
    name: 'modified_messages',
    modifications: { modified_messages: other, modified_query: 'never asked' },
    told: replaced('user', ...other.map(({ role, content }) => ({ role, text: content }))),
  },
  { name: 'model', modifications: { model: 'gpt-4.1' }, model: 'gpt-4.1', told: (said) => said },
  {
    name: 'input',
    modifications: { input: { agent: { system_prompt: 'Patched.' } } },
    told: replaced('system', { role: 'system', text: 'Patched.' }),
  },
];
const points = () => source.steps.flatMap(({ step_num }) => step_num ?? []);

/** What is wrong with a run that goes on from the source's `nth` step. */
async function faultsOf(id: string, nth: number, { told: changed, model }: Change): Promise<string[]> {
  const asked = await finished(id);
  const { status, response_content } = await read(stage.api, id);
  const steps = kept(nth);
  const wanted = told.slice(thinks(steps)).map(changed);
  const again = (tool: string) => asked.some((each) => each.tool === tool && before.test(each.question));
  const models = stage.world.openai.ledger.flatMap(({ asked }) => asked?.model ?? []);
  const faults = {
    ended: status === 'completed' && response_content === 'Read or done.',
    told: isDeepStrictEqual(thoughts(), wanted),
    reader: reads() <= (thinks(steps) > 1 ? 0 : 1),
    model: model === undefined || thoughts().length === 0 || models.includes(model),
    ticket: again('create_ticket') === !isDone('create_ticket', steps),
    email: again('send_email') === !isDone('send_email', steps),
  };
  return Object.entries(faults).flatMap(([what, holds]) => (holds ? [] : [what]));
}

const all = <A, B>(as: A[], bs: B[]): [A, B][] => as.flatMap((a) => bs.map((b): [A, B] => [a, b]));

test('forked at every checkpoint with each modification, the model is told it with all that was said, and nothing is bought or done twice', async () => {
  const faults: string[] = [];
  const began = Date.now();
  const sample = sampleOf(all(points(), changes), 7);
  for (const [nth, change] of sample) {
    stage.world.openai.ledger.length = 0;
    const { new_run_id } = await forkAt(stage.api, checkpointOf(source, nth), change.modifications);
    const wrong = await faultsOf(new_run_id, nth, change);
    if (wrong.length > 0) faults.push(`step ${nth}, ${change.name}: ${wrong.join()}`);
  }
  console.log(`${sample.length} forks in ${Date.now() - began} ms, seed ${seed}`);
  expect(faults).toEqual([]);
}, 600_000);

test('so it is when the run itself is restored at every checkpoint, one after the other', async () => {
  stage.world.openai.ledger.length = 0;
  const faults: string[] = [];
  const began = Date.now();
  const sample = sampleOf(all(points(), changes.slice(0, 2)), 3);
  for (const [nth, change] of sample) {
    const { new_run_id: copy } = await forkAt(stage.api, checkpointOf(source, points().at(-1) ?? 0));
    await finished(copy);
    stage.world.openai.ledger.length = 0;
    const { modifications } = change;
    const at = checkpointOf(await read(stage.api, copy), nth);
    const request = { create_new_run: false, modifications };
    const { run_id } = await post<RestoreAnswer>(stage.api, `/api/checkpoints/${at}/restore`, request);
    expect(run_id).toBe(copy);
    const wrong = await faultsOf(copy, nth, change);
    if (wrong.length > 0) faults.push(`step ${nth}, ${change.name}: ${wrong.join()}`);
  }
  console.log(`${sample.length} restores in ${Date.now() - began} ms, seed ${seed}`);
  expect(faults).toEqual([]);
}, 600_000);

/** Another result for each step, by what it was, and what the model is told of it first: undefined when it is not asked. */
function edit({ name, kind, result }: RunAnswer['steps'][number]): { to: unknown; heard?: string } {
  if (kind === 'wait') return { to: { decision: 'reject', reason: 'Not today.' }, heard: 'made: Not today.' };
  if (name === 'think') return { to: { ...z.looseObject({}).parse(result), text: 'I stop.', tool_calls: [] } };
  return { to: { kind: 'result', content: 'Edited.' }, heard: 'Edited.' };
}

test('the result of every step can be another one: the model is told that, and what came before it is not bought again', async () => {
  const faults: string[] = [];
  for (const nth of sampleOf(points(), 4)) {
    const step = source.steps.find(({ step_num }) => step_num === nth)!;
    const { to, heard } = edit(step);
    stage.world.openai.ledger.length = 0;
    // Whatever checkpoint is asked for, the edited step's own is the last that is kept.
    const modifications = { steps: { [nth]: to } };
    const { new_run_id } = await forkAt(stage.api, checkpointOf(source, points().at(-1) ?? 0), modifications);
    await finished(new_run_id);
    const { status, response_content } = await read(stage.api, new_run_id);
    const calls = thoughts();
    const wanted = heard === undefined ? 0 : told.length - thinks(kept(nth));
    const isHeard = heard === undefined || calls[0]?.some(({ role, text }) => role === 'tool' && text.includes(heard));
    const said = heard === undefined ? 'I stop.' : 'Read or done.';
    if (status !== 'completed' || response_content !== said || calls.length !== wanted || isHeard !== true)
      faults.push(`step ${nth} ${step.name}: ${status}, ${response_content}, ${calls.length} calls for ${wanted}`);
  }
  expect(faults).toEqual([]);
}, 600_000);
