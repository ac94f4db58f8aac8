// Deadlines: how late a run ends or asks after its own, with children and as a fork, as Temporal's clock has it.
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { timeOf } from '../activities/journal/history.ts';
import type { Limits } from '../workflows/runtime/limits.ts';
import { limits as limitsSignal } from '../workflows/runtime/messages.ts';
import { fork, historyOf, idOf } from './forks.ts';
import { inState } from './scenarios.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => void (world = await openWorld()));
afterAll(() => world.close());

const deadline_s = 4;
/** Ms: within a second on a machine of its own, where the printed figures stand; one that is busy with other tests needs more. */
const latest = 10_000;

const kinds = [
  { type: 'sitsThere', input: { topic: 'sits' } },
  { type: 'loops', input: { topic: 'slow' } },
  { type: 'hasSpenders', input: { topic: 'slow family', children: 2, each: 500 } },
];

const start = ({ type, input }: (typeof kinds)[number], on_breach: Limits['on_breach']): Promise<WorkflowHandle> =>
  world.client.workflow.start(type, {
    taskQueue: world.taskQueue,
    workflowId: `${type}-${crypto.randomUUID()}`,
    args: [input],
    memo: { limits: { deadline_s, on_breach } },
  });

/** Ms from the deadline to the event that `is`: of a fork from the task in which it began to live. */
async function lateness(run: WorkflowHandle, is: (event: Event) => unknown): Promise<number> {
  const events = await historyOf(world, run.workflowId);
  const read = events.findLast(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'readJournal',
  );
  const from = read
    ? events.findIndex((event) => Number(event.activityTaskCompletedEventAttributes?.scheduledEventId) === idOf(read))
    : 0;
  const begun = events.slice(from).find((event) => event.workflowTaskStartedEventAttributes);
  const ended = events.findLast(is);
  if (!begun || !ended) throw new Error('It has no such event.');
  return timeOf(ended) - timeOf(begun) - deadline_s * 1000;
}

type Event = Awaited<ReturnType<typeof historyOf>>[number];
const hasFailed = (event: Event) => event.workflowExecutionFailedEventAttributes;
const shows = (event: Event) => event.upsertWorkflowSearchAttributesEventAttributes;

test('with on_breach "fail" a run, one with children, and a fork of each end at the deadline, each by its own clock', async () => {
  world.openai.script({ match: 'slow', times: Infinity, tokens: 8, tokenMs: 60 });
  const late = await Promise.all(
    kinds.map(async (kind) => {
      const run = await start(kind, 'fail');
      await expect(run.result()).rejects.toMatchObject({ cause: { type: 'LimitExceeded' } });
      const { runId: timeline } = await run.describe();
      const events = await historyOf(world, run.workflowId);
      // Behind its deadline the source has failed, and so would whoever is served that.
      const due = timeOf(events[0]!) + deadline_s * 1000;
      const last = events.findLast((event) => event.workflowTaskCompletedEventAttributes && timeOf(event) < due - 300);
      const forked = await fork(world, {
        type: kind.type,
        args: [kind.input],
        source: { run: run.workflowId, timeline },
        event: idOf(last!),
        memo: { limits: { deadline_s, on_breach: 'fail' } },
      });
      await expect(forked.result()).rejects.toMatchObject({ cause: { type: 'LimitExceeded' } });
      return Promise.all([lateness(run, hasFailed), lateness(forked, hasFailed)]);
    }),
  );
  console.log(`ms behind the deadline, a run and its fork: ${late.join(' | ')}`);
  for (const ms of late.flat()) {
    expect(ms).toBeGreaterThanOrEqual(-20);
    expect(ms).toBeLessThan(latest);
  }
}, 60_000);

test('with "pause" it asks as soon as the step in flight is done, and so does one with children', async () => {
  world.openai.script({ match: 'slow', times: Infinity, tokens: 8, tokenMs: 30 });
  const late = await Promise.all(
    kinds.slice(1).map(async (kind) => {
      const run = await start(kind, 'pause');
      await inState(run, 'waiting');
      const ms = await lateness(run, shows);
      await run.signal(limitsSignal, { deadline_s: null });
      await inState(run, 'running');
      await run.terminate();
      return ms;
    }),
  );
  console.log(`ms behind the deadline: ${late.join()}`);
  for (const ms of late) {
    expect(ms).toBeGreaterThanOrEqual(-20);
    expect(ms).toBeLessThan(latest);
  }
}, 60_000);
