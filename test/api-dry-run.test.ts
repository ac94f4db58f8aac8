// A dry run says what the fork then does, costs nothing and leaves nothing; and the family that forks make.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from '@hono/zod-openapi';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { add, nothing } from '../activities/spent.ts';
import type { DryRun, named, Tree } from '../api/runs/fork-shape.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import { json, openApiStage } from './api-stage.ts';
import {
  checkpointOf,
  ended,
  forkAt,
  type ForkStage,
  openForkStage,
  post,
  question,
  read,
  refusal,
} from './api-fork-stage.ts';
import { sampleOf, seed } from './sample.ts';

let stage: ForkStage;
beforeAll(async () => void (stage = await openForkStage()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const dryRun = (checkpoint: string, modifications?: object) =>
  post<DryRun>(stage.api, `/api/checkpoints/${checkpoint}/fork`, { dry_run: true, modifications });

const names = (steps: { name: string }[]) => steps.map(({ name }) => name).toSorted();

/** Steps that the run has really taken, by its own history. */
async function taken(id: string): Promise<string[]> {
  const { events } = await stage.world.client.workflow.getHandle(id).fetchHistory();
  const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: step, userMetadata }) =>
    step && step.activityType?.name !== 'readJournal'
      ? [JSON.parse(new TextDecoder().decode(userMetadata?.summary?.data ?? undefined))]
      : [],
  );
  return scheduled.map(String).toSorted();
}

/** One of each kind, 16 checkpoints; for the full figure four of each. */
async function sources(): Promise<RunAnswer[]> {
  const { api, url } = stage;
  const rounds = Array.from({ length: process.env['WAYMARK_LONG'] ? 4 : 1 }, (_, i) => i);
  const ids = await Promise.all(
    rounds.flatMap((round) => [
      api.start('six', { topic: `dry ${round}` }),
      api.start('rag', { ...question(`Dry otters ${round}?`), url }),
      api.start('branches', { way: 'left' }),
      api.start('poem_flow', { sentence_count: 2 + round }),
    ]),
  );
  return Promise.all(ids.map((id) => ended(api, id)));
}

test('it leaves nothing: no list has it, and its id is no run', async () => {
  const { api, world } = stage;
  const tag = `traceless-${randomUUID()}`;
  const source = await ended(api, await api.start('six', { topic: 'traceless' }, { tags: [tag] }));
  const total = async () => (await json<{ total: number }>(await api.ask('GET', `/api/runs?tag=${tag}`))).total;
  await expect.poll(total).toBe(1);
  await dryRun(checkpointOf(source, 3));
  await sleep(300);
  expect(await total()).toBe(1);
  const query = `Kind = 'check' AND RootRun = '${source.id}'`;
  // Temporal itself takes up to half a minute to forget one, and forgets one after the other: hence this test comes first.
  for await (const { workflowId } of world.client.workflow.list({ query }))
    expect((await api.ask('GET', `/api/runs/${workflowId}`)).status).toBe(404);
  const tree = await json<Tree>(await api.ask('GET', `/api/runs/${source.id}/tree`));
  expect(tree.items.map(({ run_id }) => run_id)).toEqual([source.id]);
  if (process.env['WAYMARK_LONG'])
    await expect.poll(async () => (await world.client.workflow.count(query)).count, { timeout: 300_000 }).toBe(0);
}, 330_000);

test('at a checkpoint in a timeline that was left it tells what that timeline took, and edits are of its steps', async () => {
  const { api, world } = stage;
  const source = await ended(api, await api.start('six', { topic: 'left' }));
  for (const part of [3, 4, 5, 6]) world.openai.script({ match: `anew part ${part}`, tokens: 40 });
  const modifications = { input: { topic: 'anew' } };
  await post(api, `/api/checkpoints/${checkpointOf(source, 2)}/restore`, { create_new_run: false, modifications });
  const run = await ended(api, source.id);
  expect(run.result).not.toEqual(source.result);
  const numbers = (steps: { step_num: number | null }[]) => steps.map(({ step_num }) => step_num);

  const said = await dryRun(checkpointOf(source, 4));
  expect(numbers(said.steps_reused)).toEqual([1, 2, 3, 4]);
  expect(numbers(said.steps_again)).toEqual([5, 6]);
  const costs = (of: RunAnswer) => of.steps.slice(4).reduce((sum, { usage }) => add(sum, usage ?? nothing), nothing);
  expect(said).toMatchObject({ fits: true, source_ended: true, estimate: costs(source) });
  expect(costs(run)).not.toEqual(costs(source));

  const steps = { 4: { text: 'edited' } };
  const edited = await dryRun(checkpointOf(source, 5), { steps });
  expect(edited).toMatchObject({ fits: true, checkpoint_id: checkpointOf(source, 4) });
  const { new_run_id } = await forkAt(api, checkpointOf(source, 5), { steps });
  const { result } = await ended(api, new_run_id);
  expect(result).toMatchObject([...texts(source).slice(0, 3), 'edited', expect.any(String), expect.any(String)]);
});

const texts = ({ result }: RunAnswer) => z.array(z.string()).parse(result);

test('what it says is what the fork does, at any checkpoint, and the estimate is what those steps had cost', async () => {
  const all = (await sources()).flatMap((run) =>
    run.steps.map(({ step_num }) => ({ run, step: step_num ?? 0, at: checkpointOf(run, step_num ?? 0) })),
  );
  const chosen = sampleOf(all, 8);
  console.log(`${chosen.length} of ${all.length} checkpoints, seed ${seed}`);
  for (const { run, step, at } of chosen) {
    const calls = stage.world.openai.ledger.length;
    const said = await dryRun(at);
    expect(stage.world.openai.ledger).toHaveLength(calls);
    expect(said).toMatchObject({ fits: true, source_ended: true, checkpoint_id: at });
    expect(said.steps_reused.map(({ step_num }) => step_num)).toEqual(Array.from({ length: step }, (_, i) => i + 1));
    const { new_run_id } = await forkAt(stage.api, at);
    expect((await ended(stage.api, new_run_id)).status).toBe('completed');
    expect(names(said.steps_again)).toEqual(await taken(new_run_id));
    const after = run.steps.filter(({ step_num }) => step_num !== null && step_num > step);
    expect(said.estimate).toEqual(after.reduce((sum, { usage }) => add(sum, usage ?? nothing), nothing));
    const writes = after.filter(({ activity }) => activity === 'savePoem').map(({ name }) => name);
    expect(names(said.side_effects)).toEqual(writes.toSorted());
  }
}, 180_000);

test('of a running source it tells what is in flight, and that more may come', async () => {
  const { api, world } = stage;
  world.openai.script({ match: 'dry in flight part 3', tokens: 400, tokenMs: 50 });
  const id = await api.start('six', { topic: 'dry in flight' });
  await world.openai.until(() => world.openai.matching('flight part 3').some(({ tokens }) => tokens > 3));
  const said = await dryRun(checkpointOf(await read(api, id), 1));
  expect(said).toMatchObject({ fits: true, source_ended: false });
  expect(said.steps_again.map(({ name, step_num }) => [name, step_num])).toEqual([
    ['part_2', 2],
    ['part_3', null],
  ]);
  await api.ask('POST', `/api/runs/${id}/cancel`);
});

test('of a run that begets another it tells the child', async () => {
  const parent = await stage.world.start('begets', 'a dry child');
  const child = await parent.result();
  const said = await post<DryRun>(stage.api, `/api/runs/${parent.workflowId}/fork`, { dry_run: true });
  expect(said).toMatchObject({ fits: true, steps_again: [], children_again: [{ run_id: child, workflow: 'six' }] });
});

test('other input that leads another way does not fit, and the reason names both', async () => {
  const source = await ended(stage.api, await stage.api.start('branches', { way: 'left' }));
  const said = await dryRun(checkpointOf(source, 2), { input: { way: 'right' } });
  expect(said.fits).toBe(false);
  expect(said.reason).toMatch(/savePoem.*callModel/);
  const fits = await dryRun(checkpointOf(source, 1), { input: { way: 'right' }, steps: { first: { text: 'x' } } });
  expect(fits).toMatchObject({ fits: true });
});

test('without a worker it is 503 at once, and says what to do; a fork waits for one', async () => {
  const source = await ended(stage.api, await stage.api.start('six', { topic: 'nobody' }));
  const alone = await openApiStage(stage.world, { taskQueue: `nobody-${randomUUID()}` });
  const answer = await refusal(alone, `/api/checkpoints/${checkpointOf(source, 3)}/fork`, { dry_run: true });
  expect(answer).toMatchObject({ status: 503, type: 'dry_run_not_answered' });
  const { new_run_id } = await forkAt(alone, checkpointOf(source, 3));
  expect(await read(alone, new_run_id)).toMatchObject({ status: 'queued', lineage: { root: source.id } });
  await alone.ask('POST', `/api/runs/${new_run_id}/cancel`);
  await alone.close();
});

test('the tree tells who was forked from whom and where, how each is and what it cost', async () => {
  const { api } = stage;
  const root = await ended(api, await api.start('six', { topic: 'tree' }));
  const first = await forkAt(api, checkpointOf(root, 2), undefined, { description: 'first' });
  const second = await forkAt(api, first.checkpoint_id, { input: { topic: 'other' } });
  await Promise.all([ended(api, first.new_run_id), ended(api, second.new_run_id)]);
  await sleep(500);
  for (const id of [root.id, first.new_run_id, second.new_run_id]) {
    const tree = await json<Tree>(await api.ask('GET', `/api/runs/${id}/tree`));
    expect(tree).toMatchObject({ root: root.id, total: 3, truncated: false });
    expect(tree.items).toMatchObject([
      { run_id: root.id, forked_from: null, status: 'completed', usage: { output_tokens: root.usage.output_tokens } },
      { run_id: first.new_run_id, forked_from: root.id, checkpoint_id: checkpointOf(root, 2), description: 'first' },
      { run_id: second.new_run_id, forked_from: first.new_run_id, checkpoint_id: first.checkpoint_id },
    ]);
  }
  expect((await api.ask('GET', '/api/runs/nothing/tree')).status).toBe(404);
});

test('a point of a running run is named, and forked from later', async () => {
  const { api, world } = stage;
  world.openai.script({ match: 'named part 3', tokens: 40, tokenMs: 25, times: 2 });
  const id = await api.start('six', { topic: 'named' });
  await api.until(id, ({ metrics }) => metrics?.steps_count === 2);
  const body = { description: 'before the third', tags: ['good'] };
  const [one, two] = await Promise.all(
    [`/api/runs/${id}/checkpoints`, `/api/checkpoints/runs/${id}/checkpoints`].map(async (path) => {
      const answer = await api.ask('POST', path, body);
      expect(answer.status).toBe(201);
      return json<z.infer<typeof named>>(answer);
    }),
  );
  expect(one).toMatchObject({ run_id: id, ...body, created_at: expect.stringMatching(/Z$/) });
  expect(two?.id).not.toBe(one?.id);
  const run = await ended(api, id);
  expect(run.status).toBe('completed');
  const { new_run_id } = await forkAt(api, one?.id ?? '');
  expect((await ended(api, new_run_id)).result).toEqual(run.result);
  expect(await refusal(api, `/api/runs/${id}/checkpoints`, body)).toMatchObject({ status: 409, type: 'run_ended' });
  expect(await refusal(api, '/api/runs/nothing/checkpoints', body)).toMatchObject({
    status: 404,
    type: 'run_not_found',
  });
});
