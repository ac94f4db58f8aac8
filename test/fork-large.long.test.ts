// A run of 10,000 steps: continues by itself, stays forkable everywhere, and is replayed by a cold worker in time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HistoryEvent } from '../activities/journal/history.ts';
import { fork, historyOf, idOf } from './forks.ts';
import { createWorking } from './working.ts';
import { openWorld, type World } from './world.ts';

const steps = Number(process.env['STEPS'] ?? 10_000);
const working = createWorking();
let world: World;
let timelines: { timeline: string; events: HistoryEvent[]; bytes: number }[];
let run: string;
let result: string;

beforeAll(async () => {
  world = await openWorld({ activities: working.activities });
  const handle = await world.client.workflow.start('chain', {
    taskQueue: world.taskQueue,
    workflowId: `large-${crypto.randomUUID()}`,
    args: [steps],
  });
  const began = Date.now();
  run = handle.workflowId;
  result = await handle.result();
  console.log(`${steps} steps in ${Date.now() - began} ms`);
  timelines = [];
  for (let timeline: string | undefined = handle.firstExecutionRunId; timeline;) {
    const events = await historyOf(world, run, timeline);
    const { historySize = 0 } = await world.client.workflow.getHandle(run, timeline).describe();
    timelines.push({ timeline, events, bytes: historySize });
    timeline = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId || undefined;
  }
  console.log(timelines.map(({ events, bytes }) => `${events.length} events, ${bytes} bytes`).join('\n'));
}, 1_200_000);
afterAll(() => world.close());

/** What a run says that nothing ever interrupted. */
const transcript = (count: number) => Array.from({ length: count }, (_, i) => `n${i}!`).join();

const failedTasks = (events: HistoryEvent[]) =>
  events.filter((event) => event.workflowTaskTimedOutEventAttributes ?? event.workflowTaskFailedEventAttributes).length;

test('each step was taken once, and each timeline is under 10 MB', () => {
  expect(result).toBe(transcript(steps));
  expect(new Set(working.by(run)).size).toBe(steps);
  expect(working.by(run)).toHaveLength(steps);
  for (const { bytes } of timelines) expect(bytes).toBeLessThan(10_000_000);
  expect(timelines.flatMap(({ events }) => events).filter((event) => failedTasks([event]) > 0)).toEqual([]);
});

test('every 500th checkpoint can be forked', async () => {
  const done = timelines.flatMap(({ timeline, events }) =>
    events
      .filter((event) => event.activityTaskCompletedEventAttributes)
      .filter((event) => isStep(events, event))
      .map((event) => ({ timeline, event: idOf(event) })),
  );
  expect(done).toHaveLength(steps);
  for (let at = 499; at < steps; at += 500) {
    const began = Date.now();
    // Two steps more than were served.
    const { timeline, event } = done[at]!;
    const forked = await fork(world, { type: 'chain', args: [at + 3], source: { run, timeline }, event, steps });
    await forked.result();
    console.log(`fork of ${at + 1} steps: ${Date.now() - began} ms`);
    expect(working.by(forked.workflowId)).toEqual([`n${at + 1}`, `n${at + 2}`]);
  }
}, 600_000);

/** And not the reading of a journal. */
function isStep(events: HistoryEvent[], event: HistoryEvent): boolean {
  const scheduled = Number(event.activityTaskCompletedEventAttributes?.scheduledEventId);
  return events[scheduled - 1]?.activityTaskScheduledEventAttributes?.activityType?.name === 'work';
}

test('ten such runs are replayed at once by a worker that has just begun: no workflow task times out', async () => {
  const { timeline, events } = timelines.at(-1)!;
  const event = idOf(events.findLast((each) => each.activityTaskCompletedEventAttributes)!);
  const options = { type: 'chain', args: [steps + 1, 4000], source: { run, timeline }, event, steps };
  const began = Date.now();
  const forks = await Promise.all(Array.from({ length: 10 }, () => fork(world, options)));
  for (const { workflowId } of forks)
    await expect.poll(() => working.by(workflowId).length, { timeout: 300_000 }).toBe(1);
  console.log(`10 forks of ${steps} steps at once: ${Date.now() - began} ms`);
  await world.dismiss();
  await world.hire();
  const again = Date.now();
  for (const forked of forks) expect(await forked.result()).toBe(transcript(steps + 1));
  console.log(`10 cold replays of ${steps} steps: ${Date.now() - again} ms`);
  for (const forked of forks) expect(failedTasks(await historyOf(world, forked.workflowId))).toBe(0);
}, 600_000);
