// The source of a fork: nothing that is done with its checkpoints leaves a trace in it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CheckpointList } from '../api/runs/checkpoint-shape.ts';
import { json } from './api-stage.ts';
import { ended, forkAt, type ForkStage, openForkStage, post } from './api-fork-stage.ts';

let stage: ForkStage;
beforeAll(async () => void (stage = await openForkStage()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const answerOf = async (path: string): Promise<string> => (await stage.api.ask('GET', path)).text();
const sse = { accept: 'text/event-stream' };

/** The bytes of a viewer's stream so far; `ended` resolves with all of them. */
async function watch(id: string) {
  const answer = await stage.api.ask('GET', `/api/runs/${id}/events`, undefined, sse);
  let text = '';
  const decoder = new TextDecoder();
  const ended = (async () => {
    for await (const chunk of answer.body ?? []) text += decoder.decode(chunk, { stream: true });
    return text;
  })();
  return { soFar: () => text, ended };
}

/** Pings are no events. */
const told = (text: string): string => text.replaceAll(': ping\n\n', '');

const durable = (text: string): string[] =>
  told(text)
    .split('\n\n')
    .filter((frame) => !frame.includes('event: content_'));

/** All that Temporal and a client can tell of it. */
async function traceOf(id: string) {
  const { events } = await stage.world.client.workflow.getHandle(id).fetchHistory();
  const { historyLength, memo, searchAttributes } = await stage.world.client.workflow.getHandle(id).describe();
  const [run, stream, checkpoints] = await Promise.all(
    ['', '/events?limit=1000', '/checkpoints'].map((path) => answerOf(`/api/runs/${id}${path}`)),
  );
  return { history: { events, historyLength, memo, searchAttributes }, answers: { run, stream, checkpoints } };
}

/** At each of its checkpoints: read, tried, forked, restored to a new run; its forks compared with it. */
async function useUp(id: string): Promise<void> {
  const { api } = stage;
  const { items } = await json<CheckpointList>(await api.ask('GET', `/api/runs/${id}/checkpoints`));
  expect(items.length).toBeGreaterThan(0);
  for (const { id: checkpoint } of items) {
    expect((await api.ask('GET', `/api/checkpoints/${checkpoint}`)).status).toBe(200);
    await post(api, `/api/checkpoints/${checkpoint}/fork`, { dry_run: true });
    const { new_run_id } = await forkAt(api, checkpoint);
    const restored = await post<{ new_run_id: string }>(api, `/api/checkpoints/${checkpoint}/restore`);
    for (const fork of [new_run_id, restored.new_run_id]) {
      expect((await api.ask('GET', `/api/runs/compare?a=${id}&b=${fork}`)).status).toBe(200);
      await api.ask('POST', `/api/runs/${fork}/cancel`);
      await ended(api, fork);
    }
  }
  await post(api, `/api/runs/${id}/fork`, { dry_run: true });
  expect((await api.ask('GET', `/api/runs/${id}/tree`)).status).toBe(200);
}

/** Uses up a run that waits for something, and has it go on: how many of its durable events are told. */
async function isUntouched(id: string, goOn: () => Promise<unknown>): Promise<number> {
  const viewer = await watch(id);
  await sleep(300);
  const [before, heard] = [await traceOf(id), told(viewer.soFar())];
  await useUp(id);
  const after = await traceOf(id);
  // The order of a map's keys is the server's whim: what Temporal has is compared, the answers byte for byte.
  expect(after.history).toEqual(before.history);
  expect(after.answers).toEqual(before.answers);
  expect(told(viewer.soFar())).toBe(heard);
  await goOn();
  await ended(stage.api, id);
  const late = await watch(id);
  // Who watched all the time was told the same as who comes now; text comes in other pieces.
  const all = durable(await late.ended);
  expect(durable(await viewer.ended)).toEqual(all);
  return all.length;
}

test('a run that waits for a person does not notice what is done with its checkpoints', async () => {
  const { api } = stage;
  const id = await api.start('asks', { topic: 'untouched' });
  await api.until(id, ({ status }) => status === 'waiting');
  await api.ask('POST', `/api/runs/${id}/answer`, { waiting_id: 'tone-1', value: 'dry' });
  const { waiting_for } = await api.until(id, (run) => run.waiting_for[0]?.name === 'verdict');
  await post(api, `/api/runs/${id}/checkpoints`, { description: 'named' });
  const goOn = () =>
    api.ask('POST', `/api/runs/${id}/answer`, { waiting_id: waiting_for[0]?.waiting_id, value: 'good' });
  expect(await isUntouched(id, goOn)).toBeGreaterThan(8);
});

test('a paused run does not either', async () => {
  const { api } = stage;
  const id = await api.start('six', { topic: 'held' });
  await api.until(id, ({ metrics }) => (metrics?.steps_count ?? 0) >= 2);
  await api.ask('POST', `/api/runs/${id}/pause`);
  await api.until(id, ({ status }) => status === 'paused');
  expect(await isUntouched(id, () => api.ask('POST', `/api/runs/${id}/resume`))).toBeGreaterThan(13);
});

test('a run in a slow step gains no event and its answer does not change, and its step is not asked again', async () => {
  const { api, world } = stage;
  world.openai.script({ match: 'slow part 3', tokens: 400, tokenMs: 60 });
  const id = await api.start('six', { topic: 'slow' });
  await world.openai.until(() => world.openai.matching('slow part 3').some(({ tokens }) => tokens > 3));
  const before = await traceOf(id);
  await useUp(id);
  const after = await traceOf(id);
  expect(after.history).toEqual(before.history);
  expect(after.answers).toEqual(before.answers);
  const [own] = world.openai.matching('slow part 3');
  expect(own?.outcome).toBe('open');
  await api.ask('POST', `/api/runs/${id}/cancel`);
  await ended(api, id);
});
