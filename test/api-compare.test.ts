// Two runs side by side: what both have from the same history, and what each did then.
import { z } from 'zod';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Comparison } from '../api/runs/compare-shape.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import { json } from './api-stage.ts';
import {
  checkpointOf,
  ended,
  forkAt,
  type ForkStage,
  openForkStage,
  post,
  question,
  read,
  type RestoreAnswer,
} from './api-fork-stage.ts';

let stage: ForkStage;
beforeAll(async () => void (stage = await openForkStage()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const reply = z.looseObject({ text: z.string() });

const ask = (query: string) => stage.api.ask('GET', `/api/runs/compare${query}`);
async function compare(a: string, b: string): Promise<Comparison> {
  const answer = await ask(`?a=${a}&b=${b}`);
  expect(answer.status).toBe(200);
  return json(answer);
}
const forkedAt = async (run: RunAnswer, step: number, modifications?: object): Promise<RunAnswer> =>
  ended(stage.api, (await forkAt(stage.api, checkpointOf(run, step), modifications)).new_run_id);
const brief = ({ id, status, response_content, metrics }: RunAnswer) => ({
  id,
  status,
  response: response_content,
  metrics,
});

test('of a run and its fork the steps up to the checkpoint are common, then both are told step by step', async () => {
  const { api, url } = stage;
  const a = await ended(api, await api.start('rag', { ...question('Why?'), url }));
  const b = await forkedAt(a, 2, { modified_query: 'How long, and with whom?' });
  const { differences, ...both } = await compare(a.id, b.id);
  expect(both).toEqual({ a: brief(a), b: brief(b), common_steps: 2 });
  expect(differences).toMatchObject({
    response: true,
    tokens: (b.metrics?.total_tokens ?? 0) - (a.metrics?.total_tokens ?? 0),
    duration: expect.closeTo((b.metrics?.duration ?? 0) - (a.metrics?.duration ?? 0), 2),
  });
  expect(differences.steps).toHaveLength(1);
  const [row] = differences.steps;
  for (const [side, run] of [
    [row?.a, a],
    [row?.b, b],
  ] as const) {
    const { name, activity, step_num, input, result, usage } = run.steps[2] ?? {};
    expect(side).toMatchObject({ name, activity, status: 'completed', step_num, input, result, usage });
    expect(side?.duration).toBeGreaterThanOrEqual(0);
  }
});

test('a run is the same as itself; runs of nothing in common have no common step', async () => {
  const a = await ended(stage.api, await stage.api.start('six', { topic: 'alone' }));
  expect(await compare(a.id, a.id)).toEqual({
    a: brief(a),
    b: brief(a),
    common_steps: 6,
    differences: { response: false, tokens: 0, duration: 0, steps: [] },
  });
  const b = await ended(stage.api, await stage.api.start('simple', question('alone')));
  const { common_steps, differences } = await compare(a.id, b.id);
  expect(common_steps).toBe(0);
  expect(differences.steps.map((row) => [row.a?.name, row.b?.name])).toEqual([
    ['part_1', 'start'],
    ...[2, 3, 4, 5, 6].map((part) => [`part_${part}`, undefined]),
  ]);
});

test('two forks have in common what both were served; a step that was edited in one is not', async () => {
  const root = await ended(stage.api, await stage.api.start('six', { topic: 'forks' }));
  const [a, b] = await Promise.all([forkedAt(root, 4), forkedAt(root, 3)]);
  expect(await compare(a.id, b.id)).toMatchObject({ common_steps: 3 });
  const fork = await forkedAt(a, 5);
  expect(await compare(fork.id, a.id)).toMatchObject({ common_steps: 5 });
  expect(await compare(fork.id, root.id)).toMatchObject({ common_steps: 4 });
  const edited = await forkedAt(root, 4, { steps: { 3: { ...reply.parse(root.steps[2]?.result), text: 'other' } } });
  expect(await compare(root.id, edited.id)).toMatchObject({ common_steps: 2 });
  // A result that is too large to be shown is known to be another one, too.
  const large = { ...reply.parse(root.steps[2]?.result), text: 'other '.repeat(10_000) };
  const unshown = await forkedAt(root, 4, { steps: { 3: large } });
  expect(await compare(root.id, unshown.id)).toMatchObject({ common_steps: 2 });
});

test('a running run and a restored one are told as they are: what is under way, what failed', async () => {
  const { api, world } = stage;
  world.openai.script({ match: 'open part 4', tokens: 400, tokenMs: 50 });
  const id = await api.start('six', { topic: 'open' });
  await world.openai.until(() => world.openai.matching('open part 4').some(({ tokens }) => tokens > 3));
  const open = await read(api, id);
  world.openai.script({ match: 'open part 4', fault: { status: 400 } });
  const failed = await forkedAt(open, 2);
  const { common_steps, a, b, differences } = await compare(id, failed.id);
  expect([common_steps, a.status, b.status]).toEqual([2, 'running', 'failed']);
  expect(differences.steps).toMatchObject([
    { a: { name: 'part_3', status: 'completed' }, b: { name: 'part_3', status: 'completed' } },
    { a: { status: 'scheduled', duration: null }, b: { status: 'failed', error: { type: expect.any(String) } } },
  ]);
  await api.ask('POST', `/api/runs/${id}/cancel`);
  await ended(api, id);
  await post<RestoreAnswer>(api, `/api/checkpoints/${checkpointOf(open, 1)}/restore`, { create_new_run: false });
  await api.until(id, ({ status }) => status === 'completed');
  expect(await compare(id, failed.id)).toMatchObject({ common_steps: 1, a: { status: 'completed' } });
});

test('an unknown run is 404, a missing one 422', async () => {
  const { id } = await ended(stage.api, await stage.api.start('simple', question('one')));
  for (const query of [`?a=${id}&b=nothing`, `?a=nothing&b=${id}`]) {
    const answer = await ask(query);
    expect(answer.status).toBe(404);
    expect(await json(answer)).toMatchObject({ type: 'run_not_found', detail: "Run 'nothing' not found" });
  }
  for (const query of ['', `?a=${id}`, `?b=${id}`, `?a=${id}&b=`]) expect((await ask(query)).status).toBe(422);
});
