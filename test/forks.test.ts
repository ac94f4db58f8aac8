// Forks of forks, of runs that are gone, reset, paused, waiting, messaged, or that have children.
import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkflowHandle, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pause, state } from '../workflows/runtime/messages.ts';
import { completedBy, fork, historyOf, idOf, type Source } from './forks.ts';
import { oneOf, sampleOf } from './sample.ts';
import { inState } from './scenarios.ts';
import { taken } from './workflows/chains.ts';
import { ask, say, trace } from './workflows/sink.ts';
import { createWorking } from './working.ts';
import { openWorld, type World } from './world.ts';

let world: World;
const working = createWorking();
beforeAll(async () => void (world = await openWorld({ activities: working.activities })));
afterAll(() => world.close());

const start = (type: string, ...args: unknown[]) =>
  world.client.workflow.start(type, { taskQueue: world.taskQueue, workflowId: `${type}-${crypto.randomUUID()}`, args });
const sourceOf = async (run: WorkflowHandle): Promise<Source> => ({
  run: run.workflowId,
  timeline: (await run.describe()).runId,
});
const completions = async (source: Source): Promise<number[]> =>
  (await historyOf(world, source.run, source.timeline))
    .filter((event) => event.activityTaskCompletedEventAttributes)
    .map(idOf);
const endedAs = async (id: string): Promise<Source> => {
  const run = world.client.workflow.getHandle(id);
  await run.result();
  return sourceOf(run);
};
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `n${from + i}`);
const words = (count: number) =>
  names(0, count)
    .map((name) => `${name}!`)
    .join();

async function until(holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !(await holds()); await sleep(20))
    if (Date.now() > end) throw new Error('too late');
}

async function failureOf(run: WorkflowHandle): Promise<{ type?: string | null; message: string }> {
  const error: unknown = await run.result().then(
    () => undefined,
    (failed: unknown) => failed,
  );
  let cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  while (cause?.cause instanceof Error) cause = cause.cause;
  return { type: cause && 'type' in cause ? String(cause.type) : undefined, message: cause?.message ?? '' };
}

async function remove(source: Source): Promise<void> {
  const workflowExecution = { workflowId: source.run, runId: source.timeline };
  await world.client.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
  await until(
    () =>
      historyOf(world, source.run, source.timeline).then(
        () => false,
        () => true,
      ),
    60_000,
  );
}

test('forks to depth 10, two steps further each, go on when the root is gone; and can be forked where the root was', async () => {
  const root = await start('chain', 24);
  await root.result();
  const rootSource = await sourceOf(root);
  const rootSteps = await completions(rootSource);
  let source = rootSource;
  for (let depth = 1; depth <= 10; depth++) {
    const steps = await completions(source);
    const run = await fork(world, { type: 'chain', args: [24], source, event: steps[depth === 1 ? 1 : 2]! });
    expect(await run.result()).toBe(words(24));
    expect(working.by(run.workflowId)).toEqual(names(2 * depth, 24));
    source = await sourceOf(run);
    if (depth === 3) await remove(rootSource);
  }
  for (const step of [0, 1, 4, 11]) {
    const options = { type: 'chain', args: [24], source, timeline: rootSource.timeline, event: rootSteps[step]! };
    const run = await fork(world, options);
    if (step <= 1) {
      expect(await run.result()).toBe(words(24));
      expect(working.by(run.workflowId)).toEqual(names(step + 1, 24));
    } else {
      expect(await failureOf(run)).toMatchObject({ type: 'ForkUnavailable' });
    }
  }
}, 120_000);

test('of four steps side by side, two done at the checkpoint, the other two run in the fork', async () => {
  const run = await start('sink', 'P');
  await until(() => working.by(run.workflowId).includes('slow'));
  const source = await sourceOf(run);
  const events = await historyOf(world, source.run, source.timeline);
  const event = idOf(events.findLast((each) => completedBy(events, idOf(each)).at(-1) === 'b')!);
  const forked = await fork(world, { type: 'sink', args: ['P'], source, event: Math.min(event, idOf(events.at(-1)!)) });
  await until(() => working.by(forked.workflowId).includes('slow'));
  const done = completedBy(events, event);
  expect(working.by(forked.workflowId).filter((name) => done.includes(name))).toEqual([]);
  await Promise.all([run.terminate(), forked.terminate()]);
});

test('a child with 3 of its 5 steps done at the checkpoint takes the other 2 in the fork', async () => {
  const run = await start('parent', 150);
  const source = await sourceOf(run);
  const childOf = async (at: Source) =>
    (await historyOf(world, at.run, at.timeline)).find((each) => each.childWorkflowExecutionStartedEventAttributes)
      ?.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId ?? '';
  await until(async () => (await childOf(source)) !== '');
  const child = await childOf(source);
  await until(() => working.by(child).length === 4);
  await run.signal('nudge');
  const event = (await historyOf(world, source.run, source.timeline)).length;
  const forked = await fork(world, { type: 'parent', args: [150], source, event });
  expect(await forked.result()).toBe(await run.result());
  const own = await childOf(await sourceOf(forked));
  expect(own).not.toBe(child);
  expect(working.by(own)).toEqual(names(3, 5));
  expect(working.by(child)).toEqual(names(0, 5));
});

test('what a run tells its child reaches the child of its fork, once, wherever it is forked; and of a fork of the fork', async () => {
  const run = await start('tells');
  expect(await run.result()).toBe('any,own after!');
  const source = await sourceOf(run);
  /** From the child's start until all is told: behind that there is nothing to tell. */
  const pointsOf = async (at: Source): Promise<number[]> => {
    const events = await historyOf(world, at.run, at.timeline);
    const told = events.filter((each) => each.signalExternalWorkflowExecutionInitiatedEventAttributes).map(idOf);
    const begun = events.findLast((each) => each.childWorkflowExecutionStartedEventAttributes);
    return [...events.map(idOf).filter((id) => id >= idOf(begun!) && id < told[0]!), ...told];
  };
  const forkOf = (at: Source, event: number) => fork(world, { type: 'tells', args: [], source: at, event });
  const points = sampleOf(await pointsOf(source), 5);
  const forks = await Promise.all(points.map((event) => forkOf(source, event)));
  expect(await Promise.all(forks.map((each) => each.result()))).toEqual(points.map(() => 'any,own after!'));
  for (const forked of oneOf([forks[1]!, forks.at(-1)!])) {
    const of = await sourceOf(forked);
    const events = await historyOf(world, of.run, of.timeline);
    const live = events.findIndex((each) => each.startChildWorkflowExecutionInitiatedEventAttributes);
    const ends = events.findIndex((each) => each.childWorkflowExecutionCompletedEventAttributes);
    const at = (await pointsOf(of)).concat(idOf(events[live]!), idOf(events[ends]!));
    const again = await Promise.all(sampleOf(at, 6).map((event) => forkOf(of, event)));
    expect(await Promise.all(again.map((each) => each.result()))).toEqual(again.map(() => 'any,own after!'));
  }
});

test('messages that come while a fork loads reach it once, in order; and a fork of that fork has them', async () => {
  const run = await start('sink', 'M');
  await until(async () => (await run.query(trace)).some((line) => line.startsWith('patched')));
  const source = await sourceOf(run);
  const event = (await historyOf(world, source.run, source.timeline)).length;
  for (let i = 0; i < 5; i++) {
    const id = crypto.randomUUID();
    const opening = { kind: 'fork', source, checkpoint: { timeline: source.timeline, event } } as const;
    const forked = await world.client.workflow.signalWithStart('sink', {
      taskQueue: world.taskQueue,
      workflowId: id,
      args: ['M'],
      signal: say,
      signalArgs: ['early'],
      memo: { fork: opening },
    });
    const asked = forked.executeUpdate(ask, { args: ['q'] });
    await forked.signal(say, 'second');
    expect(await asked).toBe('ask-q!');
    await until(async () => (await forked.query(trace)).includes('got second reply-second!'));
    const lines = await forked.query(trace);
    expect(lines.filter((line) => line.startsWith('say'))).toEqual(['say early', 'say second']);
    const again = await sourceOf(forked);
    const second = await fork(world, {
      type: 'sink',
      args: ['M'],
      source: again,
      event: (await historyOf(world, id)).length,
    });
    await until(async () => (await second.query(trace).catch(() => [])).length >= lines.length);
    expect(await second.query(trace)).toEqual(lines);
    expect(working.by(second.workflowId)).toEqual([]);
    await Promise.all([forked.terminate(), second.terminate()]);
  }
  await run.terminate();
}, 120_000);

test('a fork of a paused run runs, a fork of a waiting one waits on its own', async () => {
  const paused = await start('chain', 12, 40);
  await until(() => working.by(paused.workflowId).length > 3);
  await paused.signal(pause, 'drain');
  await inState(paused, 'paused');
  const source = await sourceOf(paused);
  const event = (await historyOf(world, source.run, source.timeline)).length;
  const forked = await fork(world, { type: 'chain', args: [12, 40], source, event });
  expect(await forked.result()).toBe(words(12));
  await inState(paused, 'paused');
  await paused.terminate();

  const waiting = await world.start('asks', { topic: 'forked' });
  await inState(waiting, 'waiting');
  const from = await sourceOf(waiting);
  const at = (await historyOf(world, from.run, from.timeline)).length;
  const own = await fork(world, { type: 'asks', args: [{ topic: 'forked' }], source: from, event: at });
  await inState(own, 'waiting');
  expect(await own.query(state)).toMatchObject({ waiting_for: [{ waiting_id: 'tone-1' }] });
  expect((await own.describe()).memo?.['waiting_for']).toMatchObject([{ waiting_id: 'tone-1' }]);
  await own.signal('answer', { waiting_id: 'tone-1', value: 'mild' });
  await until(async () => (await own.query(state)).steps_completed > 1);
  await inState(waiting, 'waiting');
  await Promise.all([waiting.terminate(), own.terminate()]);
});

test('an edited result is what the code gets; where it leads another way, only what comes after it is new', async () => {
  const run = await start('chain', 6);
  await run.result();
  const source = await sourceOf(run);
  const steps = await completions(source);
  const edits = [{ timeline: source.timeline, event: steps[1]!, result: 'edited' }];
  const forked = await fork(world, { type: 'chain', args: [8], source, event: steps[3]!, edits });
  expect(await forked.result()).toBe(['n0!', 'edited', ...names(2, 8).map((name) => `${name}!`)].join());
  expect(working.by(forked.workflowId)).toEqual(names(4, 8));
  const second = await fork(world, {
    type: 'chain',
    args: [8],
    source: await sourceOf(forked),
    timeline: source.timeline,
    event: steps[2]!,
  });
  expect(await second.result()).toContain('edited');
  const shorter = await fork(world, { type: 'chain', args: [2], source, event: steps[3]! });
  expect(await failureOf(shorter)).toMatchObject({
    type: 'ForkDiverged',
    message: expect.stringContaining('scheduleActivity work'),
  });
});

test('a source that is gone, or an event that it never had, fails the fork at once', async () => {
  const source = { run: 'nobody', timeline: crypto.randomUUID() };
  const began = Date.now();
  const forked = await fork(world, { type: 'chain', args: [3], source, event: 9 });
  expect(await failureOf(forked)).toMatchObject({ type: 'ForkUnavailable', message: expect.stringContaining('gone') });
  expect(Date.now() - began).toBeLessThan(3000);
});

test('a restored timeline whose code does not fit is not failed: its task is retried until it fits', async () => {
  const run = await start('chain', 6);
  await run.result();
  const source = await sourceOf(run);
  const steps = await completions(source);
  const restored = await fork(world, {
    type: 'chain',
    args: [2],
    source,
    event: steps[4]!,
    kind: 'restore',
    id: run.workflowId,
  });
  await until(async () => {
    const pending = (await restored.describe()).raw.pendingWorkflowTask;
    return (pending?.attempt ?? 0) > 1;
  });
  expect((await restored.describe()).status.name).toBe('RUNNING');
  await restored.terminate();
});

test('a native reset of a run, a fork, a restored run, also of one while it loaded, goes on; and a reset run can be forked', async () => {
  const run = await start('chain', 10);
  await run.result();
  const source = await sourceOf(run);
  const steps = await completions(source);
  const forked = await fork(world, { type: 'chain', args: [10], source, event: steps[4]! });
  await forked.result();
  const id = (await start('chain', 10)).workflowId;
  const before = await endedAs(id);
  const event = (await completions(before))[4]!;
  await (await fork(world, { type: 'chain', args: [10], source: before, event, kind: 'restore', id })).result();
  const restored = await endedAs(id);
  const reset = async (at: Source, task: number) => {
    const events = await historyOf(world, at.run, at.timeline);
    const tasks = events.filter((each) => each.workflowTaskCompletedEventAttributes);
    const answer = await world.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: at.run, runId: at.timeline },
      requestId: crypto.randomUUID(),
      reason: 'test',
      workflowTaskFinishEventId: tasks.at(task)?.eventId,
    });
    return { run: at.run, timeline: answer.runId };
  };
  for (const [at, task] of [
    [source, 5],
    [await sourceOf(forked), -2],
    [await sourceOf(forked), 0],
    [restored, -2],
    [restored, 0],
  ] as const) {
    const again = await reset(at, task);
    const handle = world.client.workflow.getHandle(again.run, again.timeline);
    expect(await handle.result()).toBe(words(10));
    const done = await completions(again);
    const second = await fork(world, { type: 'chain', args: [10], source: again, event: done.at(-2)! });
    expect(await second.result()).toBe(words(10));
  }
  expect(await world.client.workflow.getHandle(run.workflowId).query(taken)).toHaveLength(10);
}, 120_000);

test('between two pages of a journal the code sees nothing of the timeline that loads it', async () => {
  const run = await start('watchful', 40, 30_000);
  expect(await run.result()).toBe('never');
  const source = await sourceOf(run);
  const forked = await fork(world, {
    type: 'watchful',
    args: [40, 30_000],
    source,
    event: (await completions(source))[35]!,
  });
  expect(await forked.result()).toBe('never');
  const reads = (await historyOf(world, forked.workflowId))
    .map((event) => event.activityTaskScheduledEventAttributes)
    .filter((scheduled) => scheduled?.activityType?.name === 'readJournal');
  expect(reads.length).toBeGreaterThan(1);
  // A worker that dies while it reads is noticed.
  for (const scheduled of reads) expect(Number(scheduled?.heartbeatTimeout?.seconds)).toBe(10);
});
