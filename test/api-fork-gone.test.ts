// Checkpoints of runs that have been deleted: their forks hold what they were served.
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CheckpointAnswer, CheckpointList } from '../api/runs/checkpoint-shape.ts';
import type { DryRun } from '../api/runs/fork-shape.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import { json, openApiStage } from './api-stage.ts';
import {
  checkpointOf,
  ended,
  forkAt,
  type ForkStage,
  openForkStage,
  post,
  read,
  refusal,
  type RestoreAnswer,
} from './api-fork-stage.ts';

let stage: ForkStage;
beforeAll(async () => void (stage = await openForkStage()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const asked = () => stage.world.openai.ledger.map(({ prompt }) => prompt.slice(-6));
const one = async (id: string): Promise<CheckpointAnswer> => json(await stage.api.ask('GET', `/api/checkpoints/${id}`));

async function six(topic: string): Promise<RunAnswer> {
  return ended(stage.api, await stage.api.start('six', { topic }));
}

async function forkedAt(checkpoint: string, modifications?: object): Promise<RunAnswer> {
  return ended(stage.api, (await forkAt(stage.api, checkpoint, modifications)).new_run_id);
}

/** Visibility lags behind what is there. */
async function remove(id: string): Promise<void> {
  await sleep(500);
  expect((await stage.api.ask('DELETE', `/api/runs/${id}`)).status).toBe(204);
}

/** The runs that have it, root first: each forked from the one before, a step earlier. */
async function family(topic: string): Promise<RunAnswer[]> {
  const root = await six(topic);
  const runs = [root];
  for (const step of [5, 4, 3]) runs.push(await forkedAt(checkpointOf(runs.at(-1) ?? root, step)));
  return runs;
}

test('of a deleted root every checkpoint that a descendant was served is read, forked and restored from', async () => {
  const [root, ...forks] = await family('gone');
  if (!root) throw new Error('no root');
  const before = await one(checkpointOf(root, 4));
  await remove(root.id);
  expect((await stage.api.ask('GET', `/api/runs/${root.id}`)).status).toBe(404);
  const length = (await read(stage.api, forks[0]?.id ?? '')).steps.length;
  stage.world.openai.ledger.length = 0;

  const fifth = await forkedAt(checkpointOf(root, 5));
  expect(asked()).toEqual(['part 6']);
  expect(fifth).toMatchObject({
    status: 'completed',
    lineage: { forked_from: root.id, root: root.id, checkpoint_id: checkpointOf(root, 5) },
  });
  expect(fifth.result).toEqual(root.result);

  stage.world.openai.ledger.length = 0;
  const restored = await post<RestoreAnswer>(stage.api, `/api/checkpoints/${checkpointOf(root, 2)}/restore`);
  expect(restored.run_id).toBe(root.id);
  expect((await ended(stage.api, restored.new_run_id)).status).toBe('completed');
  expect(asked()).toEqual(['part 3', 'part 4', 'part 5', 'part 6']);

  const said = await post<DryRun>(stage.api, `/api/checkpoints/${checkpointOf(root, 2)}/fork`, { dry_run: true });
  expect(said).toMatchObject({ fits: true });
  expect(said.steps_reused).toHaveLength(2);

  const { created_at, metrics, step, ...after } = await one(checkpointOf(root, 4));
  // The time of a step that was served is that of the task which took it up.
  const { created_at: at, metrics: figures, step: was, ...same } = before;
  expect(after).toEqual(same);
  expect(Math.abs(Date.parse(created_at) - Date.parse(at))).toBeLessThan(1000);
  expect([metrics.total_tokens, step?.name, step?.result]).toEqual([figures.total_tokens, was?.name, was?.result]);
  expect((await read(stage.api, forks[0]?.id ?? '')).steps).toHaveLength(length);
});

test('what no descendant was served is 404 at once, and so is a restore in place', async () => {
  const root = await six('lost');
  await forkedAt(checkpointOf(root, 2));
  await remove(root.id);
  const at = (step: number) => `/api/checkpoints/${checkpointOf(root, step)}`;
  const since = Date.now();
  for (const [path, body] of [
    [`${at(3)}/fork`, {}],
    [`${at(3)}/restore`, {}],
    [`${at(2)}/restore`, { create_new_run: false }],
  ] as const)
    expect(await refusal(stage.api, path, body)).toMatchObject({ status: 404, type: 'checkpoint_not_found' });
  expect((await stage.api.ask('GET', at(3))).status).toBe(404);
  expect(Date.now() - since).toBeLessThan(5000);
  expect((await stage.api.ask('GET', at(2))).status).toBe(200);

  const alone = await six('alone');
  await remove(alone.id);
  const answer = await refusal(stage.api, `/api/checkpoints/${checkpointOf(alone, 1)}/fork`);
  expect(answer).toMatchObject({ status: 404, detail: `Checkpoint '${checkpointOf(alone, 1)}' not found` });
});

test('runs between root and newest fork may be gone, too; the checkpoints of one between are found by its own forks', async () => {
  const [root, first, second, third] = await family('between');
  if (!root || !first || !second || !third) throw new Error('no family');
  for (const { id } of [root, first]) await remove(id);
  stage.world.openai.ledger.length = 0;
  // The fourth step of both the root and the first is in what the second was served.
  for (const run of [root, first]) expect((await forkedAt(checkpointOf(run, 4))).result).toEqual(root.result);
  expect(asked()).toEqual(['part 5', 'part 6', 'part 5', 'part 6']);
  await remove(second.id);
  expect((await one(checkpointOf(second, 3))).step_num).toBe(3);
});

test('a checkpoint in an earlier timeline of a restored run: while it is kept, and from a fork when the run is deleted', async () => {
  const { api } = stage;
  const run = await six('timelines');
  const inPlace = { create_new_run: false, modifications: { input: { topic: 'anew' } } };
  await post<RestoreAnswer>(api, `/api/checkpoints/${checkpointOf(run, 2)}/restore`, inPlace);
  const again = await api.until(run.id, ({ status, result }) => {
    return status === 'completed' && JSON.stringify(result) !== JSON.stringify(run.result);
  });
  const { total, items } = await json<CheckpointList>(await api.ask('GET', `/api/runs/${run.id}/checkpoints`));
  expect(total).toBe(10);
  stage.world.openai.ledger.length = 0;
  const earlier = await forkedAt(items[4]?.id ?? '');
  expect(items[4]?.id).toBe(checkpointOf(run, 5));
  expect(earlier.result).toEqual(run.result);
  const later = await forkedAt(checkpointOf(again, 5));
  expect(later.result).toEqual(again.result);
  expect(stage.world.openai.ledger.map(({ prompt }) => prompt)).toEqual(['timelines part 6', 'anew part 6']);

  await remove(run.id);
  stage.world.openai.ledger.length = 0;
  expect((await forkedAt(checkpointOf(run, 4))).result).toEqual(run.result);
  expect((await forkedAt(checkpointOf(again, 4))).result).toEqual(again.result);
  expect(stage.world.openai.ledger.map(({ prompt }) => prompt)).toEqual([
    'timelines part 5',
    'timelines part 6',
    'anew part 5',
    'anew part 6',
  ]);
});

test('a fork that no worker has taken up is forked as its source is; beyond its checkpoint there is nothing', async () => {
  const root = await six('unread');
  const alone = await openApiStage(stage.world, { taskQueue: `nobody-${randomUUID()}` });
  const { new_run_id, checkpoint_id } = await forkAt(alone, checkpointOf(root, 3));
  stage.world.openai.ledger.length = 0;
  expect((await forkedAt(checkpoint_id)).lineage).toMatchObject({ forked_from: new_run_id, root: root.id });
  expect(asked()).toEqual(['part 4', 'part 5', 'part 6']);
  const beyond = checkpointOf({ ...root, id: new_run_id }, 4);
  expect(await refusal(stage.api, `/api/checkpoints/${beyond}/fork`)).toMatchObject({ status: 404 });
  await alone.ask('POST', `/api/runs/${new_run_id}/cancel`);
  await alone.close();
});
