// Runs and their children: what is spent counts for both, and what the parent is told reaches the children.
import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkflowHandle, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Limits } from '../workflows/runtime/limits.ts';
import { answer, limits as limitsSignal, pause, resume, state } from '../workflows/runtime/messages.ts';
import { fork, historyOf, idOf } from './forks.ts';
import { fewAtOnce, sampleOf } from './sample.ts';
import { inState } from './scenarios.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => void (world = await openWorld()));
afterAll(() => world.close());
beforeEach(() => world.openai.reset());

const slowly = { times: Infinity, tokens: 5, tokenMs: 20, usage: { input_tokens: 250, output_tokens: 50 } };
const calls = (topic: string): number => world.openai.matching(topic).length;

interface Wanted {
  topic: string;
  children: number;
  each: number;
  after?: number;
}

const start = (input: Wanted, limits?: Partial<Limits>): Promise<WorkflowHandle> =>
  world.client.workflow.start('hasSpenders', {
    taskQueue: world.taskQueue,
    workflowId: `${input.topic}-${crypto.randomUUID()}`,
    args: [input],
    ...(limits && { memo: { limits } }),
  });

async function childrenOf(run: WorkflowHandle, count: number): Promise<WorkflowHandle[]> {
  for (;;) {
    const events = await historyOf(world, run.workflowId);
    const ids = events.flatMap((event) => {
      const id = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId;
      return id ? [id] : [];
    });
    if (ids.length === count) return ids.map((id) => world.client.workflow.getHandle(id));
    await sleep(20);
  }
}

async function endOf(run: WorkflowHandle): Promise<string> {
  try {
    return String(await run.result());
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return error.cause && 'type' in error.cause ? String(error.cause.type) : (error.cause?.name ?? 'failed');
  }
}

/** It asks nothing more of the model for a while. */
async function quiet(topic: string, ms = 400): Promise<number> {
  for (let before = -1; calls(topic) !== before; await sleep(ms)) before = calls(topic);
  return calls(topic);
}

test('what a child spends counts against the limits of its parent, which asks for it', async () => {
  world.openai.script({ match: 'one child', ...slowly });
  const run = await start({ topic: 'one child', children: 1, each: 8, after: 1 }, { max_tokens: 1000 });
  await inState(run, 'waiting');
  expect(await quiet('one child')).toBe(4);
  const { waiting_for, children, usage } = await run.query(state);
  expect(waiting_for[0]).toMatchObject({ kind: 'budget', question: expect.stringContaining('1200 of 1000 tokens') });
  expect(children.usage).toMatchObject({ input_tokens: 1000, output_tokens: 200 });
  expect(usage.input_tokens).toBe(0);
  await run.executeUpdate(answer, { args: [{ waiting_id: 'budget-1', value: { max_tokens: 2000 } }] });
  await inState(run, 'running');
  await inState(run, 'waiting');
  expect(await quiet('one child')).toBe(7);
  await run.signal(limitsSignal, { max_tokens: null });
  expect(await run.result()).toBe('done');
  expect(calls('one child')).toBe(9);
});

test('children side by side go over by no more than two calls each', async () => {
  world.openai.script({ match: 'three of them', ...slowly, tokenMs: 80 });
  const run = await start({ topic: 'three of them', children: 3, each: 20 }, { max_tokens: 1500 });
  await inState(run, 'waiting');
  const made = await quiet('three of them');
  expect(made).toBeGreaterThanOrEqual(5);
  expect(made).toBeLessThanOrEqual(5 + 6);
  await run.executeUpdate(answer, { args: [{ waiting_id: 'budget-1', value: { decision: 'fail' } }] });
  expect(await endOf(run)).toBe('LimitExceeded');
  for (const child of await childrenOf(run, 3)) await endOf(child);
  expect(calls('three of them')).toBe(made);
});

test('steps of children count, and a deadline holds them', async () => {
  world.openai.script({ match: 'counts', ...slowly });
  const [steps, late] = await Promise.all([
    start({ topic: 'counts', children: 1, each: 9 }, { max_steps: 3, on_breach: 'fail' }),
    start({ topic: 'in time', children: 1, each: 900 }, { deadline_s: 1 }),
  ]);
  expect(await endOf(steps)).toBe('LimitExceeded');
  expect(await quiet('counts')).toBe(3);
  await inState(late, 'waiting');
  const { waiting_for } = await late.query(state);
  expect(waiting_for[0]?.question).toContain('deadline_s is reached');
  await late.terminate();
});

test('a child is heard though another one was refused for having its id', async () => {
  world.openai.script({ match: 'twins', ...slowly });
  const topic = 'twins';
  const run = await world.client.workflow.start('hasTwins', {
    taskQueue: world.taskQueue,
    workflowId: `${topic}-${crypto.randomUUID()}`,
    args: [{ topic }],
    memo: { limits: { max_steps: 2 } },
  });
  await inState(run, 'waiting');
  await run.signal(limitsSignal, { max_steps: null });
  expect(await run.result()).toBe('4 made');
});

test('limits that come while children are at work hold for them, too', async () => {
  world.openai.script({ match: 'later', ...slowly });
  const run = await start({ topic: 'later', children: 1, each: 50 });
  await world.openai.until(() => calls('later') >= 2);
  await run.signal(limitsSignal, { max_tokens: 1500 });
  await inState(run, 'waiting');
  expect(await quiet('later')).toBeLessThanOrEqual(8);
  await run.terminate();
});

test('a child of a run without limits tells it nothing', async () => {
  const run = await start({ topic: 'free', children: 1, each: 2 });
  expect(await run.result()).toBe('done');
  const events = await historyOf(world, run.workflowId);
  expect(events.filter((event) => event.workflowExecutionSignaledEventAttributes)).toEqual([]);
});

test('a pause reaches the children, a resume lets them go on', async () => {
  world.openai.script({ match: 'held', ...slowly });
  const run = await start({ topic: 'held', children: 2, each: 6 });
  const children = await childrenOf(run, 2);
  await world.openai.until(() => calls('held') >= 2);
  await run.signal(pause, 'now');
  await Promise.all(children.map((child) => inState(child, 'paused')));
  const made = await quiet('held');
  await run.signal(resume);
  expect(await run.result()).toBe('done');
  expect(calls('held')).toBeGreaterThanOrEqual(12);
  expect(made).toBeLessThan(12);
});

test('a cancel of the parent cancels its children', async () => {
  world.openai.script({ match: 'called off', ...slowly, tokens: 400 });
  const run = await start({ topic: 'called off', children: 2, each: 6 });
  const children = await childrenOf(run, 2);
  await world.openai.until(() => calls('called off') === 2);
  await run.cancel();
  expect(await endOf(run)).toBe('CancelledFailure');
  expect(await Promise.all(children.map(endOf))).toEqual(['CancelledFailure', 'CancelledFailure']);
  expect(calls('called off')).toBe(2);
});

test(
  'a run whose children tell it what they spend can be forked at every event, as can they',
  { timeout: 300_000 },
  async () => {
    world.openai.script({ match: 'tells', ...slowly });
    const input = { topic: 'tells', children: 1, each: 5, after: 1 };
    const limits = { max_tokens: 1000 };
    const run = await start(input, limits);
    await inState(run, 'waiting');
    await run.signal(pause);
    await inState(run, 'paused');
    await run.signal(resume);
    await run.executeUpdate(answer, { args: [{ waiting_id: 'budget-1', value: { max_tokens: 5000 } }] });
    const [child] = await childrenOf(run, 1);
    expect(await run.result()).toBe('done');
    const faults: string[] = [];
    const forkOf = async (of: WorkflowHandle, event: number) => {
      const { runId: timeline, memo } = await of.describe();
      const { fork: _fork, waiting_for: _waiting, ...kept } = memo ?? {};
      const type = of === run ? 'hasSpenders' : 'loops';
      const args = of === run ? [input] : [{ topic: 'tells child 1', most: 5 }];
      const forked = await fork(world, { type, args, source: { run: of.workflowId, timeline }, event, memo: kept });
      // Whatever it asks, it is given.
      const more = setInterval(() => void forked.signal(limitsSignal, { max_tokens: 9000 }).catch(() => {}), 1500);
      const how = await Promise.race([endOf(forked), sleep(20_000).then(() => 'hangs')]);
      clearInterval(more);
      if (how !== (of === run ? 'done' : '5')) faults.push(`${type} ${event}: ${how}`);
    };
    for (const of of [run, child!]) {
      const events = await historyOf(world, of.workflowId);
      // With a pause on its way to the child, which nobody would take back.
      const paused = events.filter(
        (event) => event.signalExternalWorkflowExecutionInitiatedEventAttributes?.signalName === 'pause',
      );
      const sample = new Set([...sampleOf(events.slice(0, -2), 4), ...paused].map(idOf));
      await fewAtOnce([...sample], (event) => forkOf(of, event));
    }
    expect(faults).toEqual([]);
  },
);
