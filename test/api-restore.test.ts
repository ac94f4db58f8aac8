// Restores over HTTP: the same run goes on from an earlier point, or a new one does.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { attributes } from '../workflows/runtime/messages.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import { json } from './api-stage.ts';
import {
  checkpointOf,
  ended,
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

const restore = (checkpoint: string, body?: object) =>
  post<RestoreAnswer>(stage.api, `/api/checkpoints/${checkpoint}/restore`, body);
const refused = (checkpoint: string, body?: object) =>
  refusal(stage.api, `/api/checkpoints/${checkpoint}/restore`, body);
const inPlace = { create_new_run: false };

const asked = () => stage.world.openai.ledger.map(({ prompt }) => prompt.slice(-6));
const newest = async (id: string) => stage.world.client.workflow.getHandle(id).describe();

/** Ends in `six` step `at`, which it holds in. */
async function holding(topic: string, at: number): Promise<RunAnswer> {
  stage.world.openai.script({ match: `${topic} part ${at}`, tokens: 400, tokenMs: 50 });
  const id = await stage.api.start('six', { topic });
  await stage.world.openai.until(() =>
    stage.world.openai.matching(`${topic} part ${at}`).some(({ tokens }) => tokens > 3),
  );
  return read(stage.api, id);
}

test('without a body it is a fork under its old name', async () => {
  const source = await ended(stage.api, await stage.api.start('six', { topic: 'a fork' }));
  const answer = await restore(checkpointOf(source, 2));
  expect(answer).toMatchObject({ run_id: source.id, message: 'Restored successfully' });
  expect(answer.new_run_id).not.toBe(source.id);
  expect((await ended(stage.api, answer.new_run_id)).lineage.forked_from).toBe(source.id);
});

test('an ended run goes on under its id; its first end is remembered, its account and its age go on', async () => {
  const source = await ended(stage.api, await stage.api.start('six', { topic: 'ended' }, { tags: ['kept'] }));
  const before = await newest(source.id);
  stage.world.openai.ledger.length = 0;
  const answer = await restore(checkpointOf(source, 4), { ...inPlace, modifications: { input: { topic: 'anew' } } });
  expect(answer).toMatchObject({ new_run_id: source.id, run_id: source.id });
  const run = await stage.api.until(source.id, ({ status, result }) => {
    return status === 'completed' && JSON.stringify(result) !== JSON.stringify(source.result);
  });
  expect(asked()).toEqual(['part 5', 'part 6']);
  expect(stage.world.openai.ledger[0]?.prompt).toContain('anew');
  expect(run).toMatchObject({ tags: ['kept'], created_at: source.created_at, lineage: source.lineage });
  const after = await newest(source.id);
  expect(after.runId).not.toBe(before.runId);
  expect(after.typedSearchAttributes.get(attributes.SupersededState)).toBe('completed');
  expect(after.memo?.['fork']).toMatchObject({
    kind: 'restore',
    account: { usage: { output_tokens: source.usage.output_tokens }, waste: { output_tokens: 0 } },
  });
  const list = async (status: string) =>
    json<{ total: number }>(await stage.api.ask('GET', `/api/runs?tag=kept&status=${status}`));
  await sleep(300);
  expect((await list('completed')).total).toBe(1);
});

test('an active run: 409, and nothing happens; with force its step is aborted and it goes on from there', async () => {
  const source = await holding('active', 4);
  const length = (await newest(source.id)).historyLength;
  expect(await refused(checkpointOf(source, 2), inPlace)).toMatchObject({ status: 409, type: 'run_open' });
  expect((await newest(source.id)).historyLength).toBe(length);

  const since = Date.now();
  const answer = await restore(checkpointOf(source, 2), { ...inPlace, force: true });
  expect(Date.now() - since).toBeLessThan(5000);
  expect(answer).toMatchObject({ new_run_id: source.id, run_id: source.id });
  const held = stage.world.openai.matching('active part 4')[0];
  await stage.world.openai.until(() => held?.closed_at !== undefined);
  const run = await ended(stage.api, source.id);
  expect(run.status).toBe('completed');
  // The aborted call is taken again, the third step too; the first two are served.
  expect(asked()).toEqual(['part 1', 'part 2', 'part 3', 'part 4', 'part 3', 'part 4', 'part 5', 'part 6']);
  expect((await newest(source.id)).typedSearchAttributes.get(attributes.SupersededState)).toBeUndefined();
});

test('a restored active run runs again: it does not show the pause with which its steps were aborted', async () => {
  const source = await holding('shown', 3);
  stage.world.openai.script({ match: 'shown part 2', tokens: 400, tokenMs: 50 });
  await restore(checkpointOf(source, 1), { ...inPlace, force: true });
  await stage.world.openai.until(() =>
    stage.world.openai.matching('shown part 2').some(({ outcome }) => outcome === 'open'),
  );
  expect(await read(stage.api, source.id)).toMatchObject({ status: 'running', stopping: false });
  await stage.api.ask('POST', `/api/runs/${source.id}/cancel`);
});

test('a waiting run that is restored to a point before its question shows no question', async () => {
  const { api, world } = stage;
  const source = await api.until(await api.start('drafts', { topic: 'unasked' }), ({ status }) => status === 'waiting');
  world.openai.script({ match: 'unasked polish', tokens: 400, tokenMs: 50 });
  await restore(checkpointOf(source, 1), { ...inPlace, force: true });
  await world.openai.until(() => world.openai.matching('unasked polish').some(({ outcome }) => outcome === 'open'));
  expect(await read(api, source.id)).toMatchObject({ status: 'running', waiting_for: [] });
  await api.ask('POST', `/api/runs/${source.id}/cancel`);
});

test('an active run that waits for a person, and one that is paused, are restored with other input', async () => {
  const waiting = await stage.api.start('asks', { topic: 'waits' });
  await stage.api.until(waiting, ({ status }) => status === 'waiting');
  await stage.api.ask('POST', `/api/runs/${waiting}/answer`, { waiting_id: 'tone-1', value: 'dry' });
  const source = await stage.api.until(waiting, ({ waiting_for }) => waiting_for[0]?.name === 'verdict');
  await restore(checkpointOf(source, 1), {
    ...inPlace,
    force: true,
    modifications: { input: { topic: 'other' }, steps: { tone: 'warm' } },
  });
  await stage.world.openai.until(() => stage.world.openai.matching('other in tone warm').length === 1);
  const again = await stage.api.until(waiting, ({ waiting_for }) => waiting_for[0]?.name === 'verdict');
  expect(again.waiting_for).toHaveLength(1);

  const paused = await holding('paused', 3);
  await stage.api.ask('POST', `/api/runs/${paused.id}/pause`, { mode: 'now' });
  await stage.api.until(paused.id, ({ status }) => status === 'paused');
  await restore(checkpointOf(paused, 1), { ...inPlace, force: true });
  expect((await ended(stage.api, paused.id)).status).toBe('completed');
});

test('a run with a parent is never restored in place; its fork is a run of its own', async () => {
  const parent = await stage.world.start('begets', 'a child');
  const child = await parent.result();
  const run = await ended(stage.api, child);
  for (const body of [inPlace, { ...inPlace, force: true }])
    expect(await refused(checkpointOf(run, 1), body)).toMatchObject({ status: 409, type: 'has_parent' });
  const { new_run_id } = await restore(checkpointOf(run, 1));
  expect((await ended(stage.api, new_run_id)).status).toBe('completed');
});

test('a restore that would not fit changes nothing', async () => {
  const source = await ended(stage.api, await stage.api.start('branches', { way: 'left' }));
  const before = await newest(source.id);
  const answer = await refused(checkpointOf(source, 2), { ...inPlace, modifications: { input: { way: 'right' } } });
  expect(answer).toMatchObject({ status: 409, type: 'does_not_fit' });
  expect(answer.detail).toContain('callModel');
  expect(await newest(source.id)).toMatchObject({ runId: before.runId, historyLength: before.historyLength });
});

test('a run that does not answer is begun again under its id', async () => {
  const id = await stage.api.start('stuck', { sound: false });
  const source = await stage.api.until(id, ({ metrics }) => metrics?.steps_count === 1);
  const modifications = { input: { sound: true } };
  await restore(checkpointOf(source, 1), { ...inPlace, force: true, modifications });
  const run = await ended(stage.api, id);
  expect(run).toMatchObject({ status: 'completed', created_at: source.created_at });
  expect(stage.world.openai.matching('stuck')).toHaveLength(1);
  expect((await newest(id)).typedSearchAttributes.get(attributes.SupersededState)).toBe('failed');
});

test('a run that is restored to a point it had left keeps the timeline between: it stays listed and its stream goes on', async () => {
  const { api } = stage;
  const source = await ended(api, await api.start('six', { topic: 'kept' }));
  const timelines = [(await newest(source.id)).runId];
  for (const step of [4, 2]) {
    await restore(checkpointOf(source, step), inPlace);
    timelines.push((await newest(source.id)).runId);
    await ended(api, source.id);
  }
  const run = await read(api, source.id);
  expect(run.timelines.map(({ timeline }) => timeline)).toEqual(timelines);
  const { total } = await json<{ total: number }>(await api.ask('GET', `/api/runs/${source.id}/checkpoints`));
  expect(total).toBe(6 + 2 + 4);
  const { events } = await json<{ events: { type: string }[] }>(
    await api.ask('GET', `/api/runs/${source.id}/events?limit=1000`),
  );
  expect(events.filter(({ type }) => type === 'run_rewound')).toHaveLength(2);
});

test('of restores at the same moment one is done, and the others are told that the run is active', async () => {
  const { api } = stage;
  const source = await ended(api, await api.start('six', { topic: 'at once' }));
  stage.world.openai.script({ match: 'at once part 6', tokens: 40, tokenMs: 50 });
  const at = checkpointOf(source, 5);
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => api.ask('POST', `/api/checkpoints/${at}/restore`, inPlace)),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
  for (const answer of answers.filter(({ status }) => status === 409))
    expect(await json(answer)).toMatchObject({ type: 'run_open' });
  expect((await ended(api, source.id)).timelines).toHaveLength(2);
});

test('a run that ends while it is asked to go on elsewhere is restored as one that has ended', async () => {
  const { api } = stage;
  const source = await holding('ends', 3);
  const { workflow } = api.client;
  const handleOf = workflow.getHandle.bind(workflow);
  const spy = vi.spyOn(workflow, 'getHandle').mockImplementation((...args: Parameters<typeof handleOf>) => {
    const handle = handleOf(...args);
    const signal: typeof handle.signal = async (...given) => {
      await handle.terminate();
      return handle.signal(...given);
    };
    return { ...handle, signal };
  });
  try {
    await restore(checkpointOf(source, 2), { ...inPlace, force: true });
  } finally {
    spy.mockRestore();
  }
  expect((await ended(api, source.id)).status).toBe('completed');
  expect((await newest(source.id)).typedSearchAttributes.get(attributes.SupersededState)).toBe('failed');
});

test('a run that was restored is restored again, also to a point that it has left', async () => {
  const { api } = stage;
  const source = await ended(api, await api.start('six', { topic: 'twice' }));
  await restore(checkpointOf(source, 2), { ...inPlace, modifications: { input: { topic: 'second' } } });
  const second = await api.until(source.id, ({ status, result }) => {
    return (
      status === 'completed' &&
      JSON.stringify(result).length > 0 &&
      JSON.stringify(result) !== JSON.stringify(source.result)
    );
  });
  stage.world.openai.ledger.length = 0;
  await restore(checkpointOf(source, 5), inPlace);
  await api.until(source.id, ({ status, result }) => {
    return status === 'completed' && JSON.stringify(result) !== JSON.stringify(second.result);
  });
  // The first timeline's own argument is taken up with its history.
  expect(stage.world.openai.ledger.map(({ prompt }) => prompt)).toEqual(['twice part 6']);
  expect((await read(api, source.id)).result).toEqual(source.result);
});
