// A run continues as new by itself, as a fork of itself, and nobody notices.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServerProcess } from '../temporal/server.ts';
import { fork, historyOf, idOf } from './forks.ts';
import { startShortServer } from './short-server.ts';
import { createWorking } from './working.ts';
import { openWorld, type World } from './world.ts';

let server: ServerProcess;
let world: World;
const working = createWorking();

beforeAll(async () => {
  server = await startShortServer(60);
  world = await openWorld({ activities: working.activities, address: server.address });
});
afterAll(async () => {
  await world.close();
  await server.stop();
});

const start = (type: string, ...args: unknown[]) =>
  world.client.workflow.start(type, { taskQueue: world.taskQueue, workflowId: `${type}-${crypto.randomUUID()}`, args });

async function timelinesOf(run: string, first: string) {
  const found: { timeline: string; events: Awaited<ReturnType<typeof historyOf>> }[] = [];
  for (let timeline: string | undefined = first; timeline;) {
    const events = await historyOf(world, run, timeline);
    found.push({ timeline, events });
    timeline = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId || undefined;
  }
  return found;
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);

test('a chain of 60 steps continues three times or more, and takes each step once', async () => {
  const run = await start('chain', 60);
  expect(await run.result()).toBe(
    names(60)
      .map((name) => `${name}!`)
      .join(),
  );
  expect(working.by(run.workflowId)).toEqual(names(60));
  const timelines = await timelinesOf(run.workflowId, run.firstExecutionRunId);
  expect(timelines.length).toBeGreaterThan(3);
  for (const { events } of timelines) expect(events.length).toBeLessThan(90);
});

test.each([
  { of: 'small results', size: 0 },
  { of: 'results that fill several pages of a journal', size: 30_000 },
])('steps side by side are drained at a roll-over, and each is taken once: $of', async ({ size }) => {
  const run = await start('wide', 5, 60, 10, size);
  expect(await run.result()).toBe(60);
  const taken = working.by(run.workflowId).map((name) => name.trimEnd());
  expect(taken.toSorted()).toEqual(Array.from({ length: 60 }, (_, i) => `w${i}`).toSorted());
  const timelines = await timelinesOf(run.workflowId, run.firstExecutionRunId);
  expect(timelines.length).toBeGreaterThan(2);
  const events = timelines.flatMap((timeline) => timeline.events);
  expect(events.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
});

test('a checkpoint in any timeline of the chain can be forked', async () => {
  const run = await start('chain', 60);
  const result: unknown = await run.result();
  const timelines = await timelinesOf(run.workflowId, run.firstExecutionRunId);
  for (const { timeline, events } of timelines) {
    const done = events.filter((event) => event.activityTaskCompletedEventAttributes).map(idOf);
    const event = done.at(Math.floor(done.length / 2))!;
    const source = { run: run.workflowId, timeline };
    const forked = await fork(world, { type: 'chain', args: [60], source, event });
    expect(await forked.result()).toBe(result);
    const ran = working.by(forked.workflowId);
    expect(ran).toEqual(names(60).slice(60 - ran.length));
  }
});

test('a run that waits for days for a child or a person does not hold back its steps', async () => {
  const run = await start('parent', 400);
  await sleep(100);
  expect(await run.result()).toBe(
    `${names(5)
      .map((name) => `${name}!`)
      .join()} after!`,
  );
});
