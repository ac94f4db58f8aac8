// Limits where a run goes on from a journal: forks begin with counters at zero, a new timeline of the same run keeps them.
import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkflowHandle, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Limits } from '../workflows/runtime/limits.ts';
import { answer, limits as limitsSignal, state, type WaitingFor } from '../workflows/runtime/messages.ts';
import { completedBy, fork, historyOf, idOf } from './forks.ts';
import { fewAtOnce, sampleOf } from './sample.ts';
import { inState } from './scenarios.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => void (world = await openWorld()));
afterAll(() => world.close());
beforeEach(() => world.openai.reset());

const costs = (topic: string, tokens: number) =>
  world.openai.script({ match: topic, times: Infinity, usage: { input_tokens: tokens - 50, output_tokens: 50 } });
const calls = (topic: string): number => world.openai.matching(topic).length;

interface Started {
  run: WorkflowHandle;
  type: string;
  args: unknown[];
  memo: { limits: Partial<Limits> };
}

async function start(type: string, input: object, limits: Partial<Limits>): Promise<Started> {
  const memo = { limits };
  const args = [input];
  const options = { taskQueue: world.taskQueue, workflowId: `${type}-${crypto.randomUUID()}`, args, memo };
  return { run: await world.client.workflow.start(type, options), type, args, memo };
}

const forkAt = async ({ run, type, args, memo }: Started, event: number, kind?: 'continue'): Promise<Started> => {
  const source = { run: run.workflowId, timeline: (await run.describe()).runId };
  return { run: await fork(world, { type, args, source, event, memo, ...(kind && { kind }) }), type, args, memo };
};

const eventsOf = async ({ run }: Started) => historyOf(world, run.workflowId);
/** From where it lives by itself up to its end: from there is nothing to go on. */
async function openEvents(of: Started): Promise<number[]> {
  const events = await eventsOf(of);
  const journal = events.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'readJournal',
  );
  const read = events.findIndex(
    (event) => journal && Number(event.activityTaskCompletedEventAttributes?.scheduledEventId) === idOf(journal),
  );
  return events.slice(read + 1, -2).map(idOf);
}

const ended = ({ run }: Started): Promise<string> =>
  run.result().then(
    (result: unknown) => `completed ${String(result)}`,
    (error: unknown) =>
      error instanceof WorkflowFailedError && error.cause && 'type' in error.cause
        ? String(error.cause.type)
        : 'failed',
  );

/** What it is asked, once it is. */
async function asked({ run }: Started, ms = 10_000): Promise<WaitingFor> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) {
    const { memo, status } = await run.describe();
    const waiting: WaitingFor[] = Object.values(memo?.['waiting_for'] ?? {});
    if (waiting[0]) return waiting[0];
    if (status.name !== 'RUNNING') break;
  }
  throw new Error('It asks nothing.');
}

/** Its end; when it asks for more, it is given all. */
async function endOf(of: Started): Promise<string> {
  let how = '';
  const more = async () => {
    const { waiting_id } = await asked(of);
    how = 'asked, ';
    await of.run.executeUpdate(answer, { args: [{ waiting_id, value: { max_tokens: null } }] });
  };
  void more().catch(() => {});
  const end = await ended(of);
  return how + end;
}

/** Six calls of 300 tokens: after four it asks, and is given more. */
async function raised(topic: string): Promise<Started> {
  costs(topic, 300);
  const source = await start('loops', { topic, most: 6 }, { max_tokens: 1000 });
  await inState(source.run, 'waiting');
  await source.run.signal(limitsSignal, { max_tokens: 1100 });
  const asks = async () => (await source.run.query(state)).waiting_for[0]?.waiting_id;
  await expect.poll(asks).toBe('budget-2');
  await source.run.executeUpdate(answer, { args: [{ waiting_id: 'budget-2', value: { max_tokens: 2500 } }] });
  expect(await source.run.result()).toBe(6);
  return source;
}

test(
  'a run that was given more can be forked at every event; what it was served costs nothing',
  { timeout: 300_000 },
  async () => {
    const source = await raised('again');
    const events = await eventsOf(source);
    const faults: string[] = [];
    const one = async (of: Started, event: number) => {
      const done = completedBy(events, event).length;
      const forked = await forkAt(of, event);
      const how = await endOf(forked);
      // 1,200 tokens are four calls.
      const wanted = done < 2 ? 'asked, completed 6' : 'completed 6';
      const paid = (await eventsOf(forked)).filter(
        (each) => each.activityTaskScheduledEventAttributes?.activityType?.name === 'callModel',
      ).length;
      if (how !== wanted || paid !== 6 - done) faults.push(`${event}: ${how}, ${paid} paid, ${done} served`);
      return forked;
    };
    const sample = sampleOf(await openEvents(source), 8);
    const forks = await fewAtOnce(sample, (event) => one(source, event));
    expect(faults).toEqual([]);
    // Forks of a fork that was itself asked, and of one that was not.
    const again = async (of: Started) => {
      for (const event of sampleOf(await openEvents(of), 4)) {
        const how = await endOf(await forkAt(of, event));
        if (!how.endsWith('completed 6')) faults.push(`of a fork, ${event}: ${how}`);
      }
    };
    await Promise.all([forks[1]!, forks[forks.length >> 1]!].map(again));
    expect(faults).toEqual([]);
  },
);

test('a fork of a run that its limit has ended goes on', async () => {
  costs('ended', 300);
  const source = await start('loops', { topic: 'ended', most: 6 }, { max_tokens: 1000, on_breach: 'fail' });
  expect(await endOf(source)).toBe('LimitExceeded');
  expect(calls('ended')).toBe(4);
  const last = (await eventsOf(source)).findLast((event) => event.activityTaskCompletedEventAttributes);
  expect(await endOf(await forkAt(source, idOf(last!)))).toBe('completed 6');
  expect(calls('ended')).toBe(6);
});

test('a deadline that fails a run begins anew in each fork, wherever it was forked', async () => {
  const source = await start('sitsThere', { topic: 'sits' }, { deadline_s: 1, on_breach: 'fail' });
  expect(await ended(source)).toBe('LimitExceeded');
  const at = async (event: number) => {
    const since = Date.now();
    const how = await ended(await forkAt(source, event));
    return Date.now() - since >= 900 ? how : `${how} too soon`;
  };
  const all = await eventsOf(source);
  const failed = all.findLastIndex((event) => event.workflowTaskCompletedEventAttributes);
  const sample = sampleOf(all.slice(0, failed).map(idOf), 6);
  expect(await Promise.all(sample.map(at))).toEqual(sample.map(() => 'LimitExceeded'));
});

test('a new timeline of the same run keeps what is counted', async () => {
  costs('goes on', 300);
  const source = await start('loops', { topic: 'goes on', most: 6 }, { max_tokens: 1000 });
  await inState(source.run, 'waiting');
  const third = (await eventsOf(source)).filter((event) => event.activityTaskCompletedEventAttributes)[2]!;
  const [early, late] = await Promise.all([
    forkAt(source, idOf(third), 'continue'),
    forkAt(source, (await eventsOf(source)).length, 'continue'),
  ]);
  for (const { run } of [early, late]) while ((await run.query(state)).waiting_for.length === 0) await sleep(50);
  expect(calls('goes on')).toBe(5);
  const { usage, waiting_for } = await early.run.query(state);
  expect(usage.input_tokens + usage.output_tokens).toBe(1200);
  expect(waiting_for[0]?.question).toContain('4 steps, 1200 tokens');
  await early.run.executeUpdate(answer, { args: [{ waiting_id: 'budget-1', value: { max_tokens: 1400 } }] });
  await late.run.signal(limitsSignal, { max_tokens: 9000 });
  expect(await late.run.result()).toBe(6);
  await Promise.all([source, early].map(({ run }) => run.terminate()));
});
