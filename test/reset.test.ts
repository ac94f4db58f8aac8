// Temporal's own reset of a run: it goes on, is listed and counted once by its newest state, and can be forked.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { attributes } from '../workflows/runtime/messages.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { fork, historyOf, idOf } from './forks.ts';
import { sampleOf } from './sample.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let api: ApiStage;
beforeAll(async () => {
  world = await openWorld();
  api = await openApiStage(world);
});
afterAll(async () => {
  await api.close();
  await world.close();
});
beforeEach(() => world.openai.reset());

/** Back to the `nth` workflow task of the timeline, from 1; absent: of the newest. Gives the new timeline. */
async function reset(run: string, nth: number, timeline?: string): Promise<string> {
  const of = timeline ?? (await world.client.workflow.getHandle(run).describe()).runId;
  const tasks = (await historyOf(world, run, of)).filter((event) => event.workflowTaskCompletedEventAttributes);
  const { runId } = await world.client.workflowService.resetWorkflowExecution({
    namespace: world.client.options.namespace,
    workflowExecution: { workflowId: run, runId: of },
    reason: 'a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: tasks[nth - 1]?.eventId,
  });
  return runId;
}

const ended = (run: string, timeline: string) =>
  world.client.workflow
    .getHandle(run, timeline, { followRuns: false })
    .result()
    .catch(() => 'failed');

async function totals(tag: string): Promise<Record<string, number>> {
  const total = async (status: string) =>
    (await json<{ total: number }>(await api.ask('GET', `/api/runs?tag=${tag}&status=${status}`))).total;
  const all = (await json<{ total: number }>(await api.ask('GET', `/api/runs?tag=${tag}`))).total;
  const [completed, failed, cancelled] = await Promise.all(['completed', 'failed', 'cancelled'].map(total));
  return { all, completed: completed!, failed: failed!, cancelled: cancelled! };
}

const once = { all: 1, completed: 0, failed: 0, cancelled: 0 };

async function superseded(run: string, timeline: string): Promise<string | undefined> {
  const { typedSearchAttributes } = await world.client.workflow.getHandle(run, timeline).describe();
  return typedSearchAttributes.get(attributes.SupersededState);
}

test('a run that has ended and is reset is counted once, in the state of its newest timeline, however often', async () => {
  const tag = `reset-${randomUUID()}`;
  world.openai.script({ match: 'part 3', fault: { status: 400 } });
  const run = await api.start('six', { topic: tag }, { tags: [tag] });
  await ended(run, (await world.client.workflow.getHandle(run).describe()).runId);
  await expect.poll(() => totals(tag)).toEqual({ ...once, failed: 1 });
  const second = await reset(run, 2);
  await ended(run, second);
  await expect.poll(() => totals(tag)).toEqual({ ...once, completed: 1 });
  expect(await superseded(run, second)).toBe('failed');
  const third = await reset(run, 4);
  await ended(run, third);
  await expect.poll(() => totals(tag)).toEqual({ ...once, completed: 1 });
  expect(await superseded(run, third)).toBe('completed');
  // Of a timeline that is not the newest: what it supersedes is the newest all the same.
  world.openai.script({ match: 'part 2', fault: { status: 400 } });
  const fourth = await reset(run, 2, second);
  await ended(run, fourth);
  await expect.poll(() => totals(tag)).toEqual({ ...once, failed: 1 });
  expect(await superseded(run, fourth)).toBe('completed');
  const { items } = await json<{ items: { id: string; status: string }[] }>(
    await api.ask('GET', `/api/runs?tag=${tag}&status=failed`),
  );
  expect(items).toMatchObject([{ id: run, status: 'failed' }]);
}, 120_000);

test('a run that is reset while it runs supersedes its end by Temporal; nothing of that is a step, and it can be forked at every event', async () => {
  const tag = `reset-${randomUUID()}`;
  world.openai.script({ match: 'part 4', tokens: 400, tokenMs: 30 });
  const run = await api.start('six', { topic: tag }, { tags: [tag] });
  await world.openai.until(() => world.openai.matching('part 4').length > 0, 20_000);
  const timeline = await reset(run, 2);
  expect(await ended(run, timeline)).not.toBe('failed');
  await expect.poll(() => totals(tag)).toEqual({ ...once, completed: 1 });
  expect(await superseded(run, timeline)).toBe('failed');

  const view = await json<{ steps: { name: string }[] }>(await api.ask('GET', `/api/runs/${run}`));
  expect(new Set(view.steps.map(({ name }) => name))).not.toContain('readSuperseded');
  expect(view.steps).toHaveLength(6);
  const events = await historyOf(world, run, timeline);
  const names = events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
  expect(names).toContain('readSuperseded');
  const forks = sampleOf(events.map(idOf).slice(3, -1), 6).map(async (event) => {
    const forked = await fork(world, { type: 'six', args: [{ topic: tag }], source: { run, timeline }, event });
    await forked.result();
    return superseded(forked.workflowId, (await forked.describe()).runId);
  });
  expect(new Set(await Promise.all(forks))).toEqual(new Set([undefined]));
}, 120_000);

test('a fork that is reset to its first task loads its journal again, and names what it supersedes then', async () => {
  const source = await world.start('six', { topic: 'loaded twice' });
  await source.result();
  const { runId: timeline } = await source.describe();
  const steps = (await historyOf(world, source.workflowId)).filter((each) => each.activityTaskCompletedEventAttributes);
  const args = [{ topic: 'loaded twice' }];
  const at = { source: { run: source.workflowId, timeline }, event: idOf(steps[2]!) };
  const forked = await fork(world, { type: 'six', args, ...at });
  const result: unknown = await forked.result();
  const again = await reset(forked.workflowId, 1);
  expect(await ended(forked.workflowId, again)).toEqual(result);
  await expect.poll(() => superseded(forked.workflowId, again)).toBe('completed');
}, 60_000);
