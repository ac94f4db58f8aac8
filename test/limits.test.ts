// Limits of a run: what the model was asked at most, who is asked for more, and what ends it.
import { type WorkflowHandle, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { judge, noise } from '../workflows/runtime/bounds.ts';
import type { Limits } from '../workflows/runtime/limits.ts';
import { answer, limits as limitsSignal, state } from '../workflows/runtime/messages.ts';
import { fork, idOf } from './forks.ts';
import { inState } from './scenarios.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => void (world = await openWorld()));
afterAll(() => world.close());
beforeEach(() => world.openai.reset());

/** Each call of this topic costs so many tokens. */
const costs = (topic: string, tokens: number) =>
  world.openai.script({ match: topic, times: Infinity, usage: { input_tokens: tokens - 50, output_tokens: 50 } });

const start = (type: string, input: object, limits: Partial<Limits>): Promise<WorkflowHandle> =>
  world.client.workflow.start(type, {
    taskQueue: world.taskQueue,
    workflowId: `${type}-${crypto.randomUUID()}`,
    args: [input],
    memo: { limits },
  });

const calls = (topic: string): number => world.openai.matching(topic).length;

async function asked(run: WorkflowHandle): Promise<{ waiting_id: string; kind: string; question: string }> {
  await inState(run, 'waiting');
  const { waiting_for } = await run.query(state);
  expect(waiting_for).toHaveLength(1);
  return waiting_for[0]!;
}

const answered = async (run: WorkflowHandle, value: unknown) =>
  run.executeUpdate(answer, { args: [{ waiting_id: (await asked(run)).waiting_id, value }] });

async function failureOf(run: WorkflowHandle): Promise<{ type?: unknown; message: string }> {
  const error: unknown = await run.result().then(
    () => undefined,
    (failed: unknown) => failed,
  );
  const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  return { type: cause && 'type' in cause ? cause.type : undefined, message: cause?.message ?? '' };
}

test('an endless loop with 1,000 tokens stops one call over, asks for more, and goes on with it', async () => {
  costs('endless', 300);
  const run = await start('loops', { topic: 'endless' }, { max_tokens: 1000 });
  const wait = await asked(run);
  expect(wait).toMatchObject({ kind: 'budget', waiting_id: 'budget-1' });
  expect(wait.question).toMatch(
    /max_tokens is reached: 1200 of 1000 tokens are spent\. .*max_tokens": a higher number/,
  );
  expect(calls('endless')).toBe(4);
  await answered(run, { max_tokens: 2000 });
  expect((await asked(run)).question).toMatch(/2100 of 2000/);
  expect(calls('endless')).toBe(7);
  await run.signal(limitsSignal, { max_tokens: 2101, max_steps: 8 });
  await world.openai.until(() => calls('endless') === 8);
  expect((await asked(run)).question).toMatch(/max_steps is reached: 8 of 8/);
  await answered(run, { decision: 'fail' });
  const { type, message } = await failureOf(run);
  expect(type).toBe('LimitExceeded');
  expect(message).toMatch(/8 of 8 steps are taken\. In all: 8 steps, 2400 tokens for US\$ 0\.\d+/);
  expect(calls('endless')).toBe(8);
});

test('an answer that says nothing about limits is refused, and the run still waits', async () => {
  costs('refused', 300);
  const run = await start('loops', { topic: 'refused' }, { max_steps: 1 });
  for (const nonsense of ['yes', { max_steps: 'lots' }, { max_steps: 2, on_breach: 'shrug' }, { max_token: 9000 }])
    await expect(answered(run, nonsense)).rejects.toMatchObject({ cause: { type: 'InvalidAnswer' } });
  await inState(run, 'waiting');
  await answered(run, false);
  expect(await failureOf(run)).toMatchObject({ type: 'LimitExceeded' });
});

test('with on_breach "fail" a run ends of its limit', async () => {
  costs('fails', 300);
  const run = await start('loops', { topic: 'fails' }, { max_tokens: 500, on_breach: 'fail' });
  expect(await failureOf(run)).toMatchObject({
    type: 'LimitExceeded',
    message: expect.stringContaining('600 of 500 tokens'),
  });
  expect(calls('fails')).toBe(2);
});

test('of calls side by side only as many begin as there is room for', async () => {
  world.openai.script({
    match: 'crowd',
    times: Infinity,
    tokens: 5,
    tokenMs: 20,
    usage: { input_tokens: 250, output_tokens: 50 },
  });
  const run = await start('crowds', { topic: 'crowd', width: 12 }, { max_tokens: 1000 });
  await asked(run);
  expect(calls('crowd')).toBe(4);
  await answered(run, { max_tokens: null });
  expect(await run.result()).toBe(12);
  expect(calls('crowd')).toBe(12);
});

test('of steps side by side exactly max_steps are taken', async () => {
  const run = await start('crowds', { topic: 'stairs', width: 12 }, { max_steps: 5 });
  await asked(run);
  expect(calls('stairs')).toBe(5);
  await run.terminate();
});

test('what retries spent in vain counts', async () => {
  world.openai.script({ match: 'vain', fault: 'no-end', tokens: 40, times: 2 });
  world.openai.script({ match: 'vain', times: Infinity, usage: { input_tokens: 10, output_tokens: 10 } });
  const run = await start('loops', { topic: 'vain' }, { max_tokens: 90 });
  const { question } = await asked(run);
  const { usage, waste } = await run.query(state);
  expect(waste.output_tokens).toBeGreaterThanOrEqual(70);
  expect(usage.input_tokens + usage.output_tokens).toBeLessThan(90);
  expect(question).toContain('failed and aborted attempts');
  await run.terminate();
});

test('who gives up waiting for room does not take back the question that others wait for', async () => {
  costs('two wait', 300);
  const run = await start('givesUp', { topic: 'two wait' }, { max_steps: 1 });
  await asked(run);
  const gaveUp = async () =>
    (await run.fetchHistory()).events?.some((event) => event.timerFiredEventAttributes) === true;
  await expect.poll(gaveUp, { timeout: 5000 }).toBe(true);
  expect((await asked(run)).waiting_id).toBe('budget-1');
  await answered(run, { max_steps: null });
  expect(await run.result()).toBe('1 made');
});

test('of steps that are begun at once 200 are in flight, and the others follow', async () => {
  world.openai.script({ match: 'wide', times: Infinity, tokens: 1 });
  const run = await start('crowds', { topic: 'wide', width: 203 }, {});
  expect(await run.result()).toBe(203);
  const { events } = await run.fetchHistory();
  const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: step }) => step ?? []);
  const byTask = Map.groupBy(scheduled, (step) => String(step.workflowTaskCompletedEventId));
  expect([...byTask.values()][0]).toHaveLength(200);
  expect(scheduled).toHaveLength(203);
  if (!process.env['WAYMARK_LONG']) return;
  const source = { run: run.workflowId, timeline: (await run.describe()).runId };
  const forkAt = (event: number) =>
    fork(world, { type: 'crowds', args: [{ topic: 'wide', width: 203 }], source, event, memo: { limits: {} } });
  const completed = (events ?? []).filter((event) => event.activityTaskCompletedEventAttributes).map(idOf);
  const forks = await Promise.all([3, completed[201]!].map(forkAt));
  expect(await Promise.all(forks.map((forked) => forked.result()))).toEqual([203, 203]);
});

test('a budget in US$ holds; of a model without a known price it says so after the first call', async () => {
  world.openai.script({ match: 'dear', times: Infinity, usage: { input_tokens: 1_000_000, output_tokens: 0 } });
  const [priced, unpriced] = await Promise.all([
    start('loops', { topic: 'dear' }, { max_cost_usd: 0.4 }),
    start('loops', { topic: 'nobody knows', model: 'some-model' }, { max_cost_usd: 5 }),
  ]);
  expect((await asked(priced)).question).toMatch(/US\$ 0\.45 of 0\.4 are spent/);
  expect(calls('dear')).toBe(3);
  expect((await asked(unpriced)).question).toMatch(/price of a model that was asked is not known/);
  expect(calls('nobody knows')).toBe(1);
  await answered(unpriced, { max_cost_usd: null, max_steps: 2 });
  await asked(unpriced);
  expect(calls('nobody knows')).toBe(2);
  await Promise.all([priced.terminate(), unpriced.terminate()]);
});

test('noise in the sums of prices is no money: a limit is met to the cent, and not before', async () => {
  world.openai.script({ match: 'a dime', times: Infinity, usage: { input_tokens: 1_000_000, output_tokens: 0 } });
  const input = { topic: 'a dime', model: 'gpt-4.1-nano' };
  // Eight times 0.1 are 0.7999999999999999.
  const run = await start('loops', input, { max_cost_usd: 0.8 });
  expect((await asked(run)).question).toMatch(/US\$ 0\.80 of 0\.8 are spent/);
  expect(calls('a dime')).toBe(8);
  await answered(run, { max_cost_usd: 0.80000001 });
  await asked(run);
  expect(calls('a dime')).toBe(9);
  await run.terminate();
});

test('what differs by noise alone is equal, and nothing else is', () => {
  const bounds = { steps: Infinity, tokens: Infinity, cost_usd: 0.3, until: Infinity };
  const standing = (spent: number, reserved: number, cost_usd = 0.3) => ({
    bounds: { ...bounds, cost_usd },
    spent: { steps: 0, tokens: 0, cost_usd: spent },
    reserved: { steps: 1, tokens: 0, cost_usd: reserved },
    now: 0,
  });
  const wanted = { steps: 1, tokens: 0, cost_usd: 0.1 };
  const verdict = (of: ReturnType<typeof standing>) => judge(of, wanted, noise).kind;
  expect(0.1 + 0.1 + 0.1).toBeGreaterThan(0.3);
  expect(verdict(standing(0.1, 0.1))).toBe('free');
  expect(verdict(standing(0.1, 0.100000001))).toBe('later');
  expect(verdict(standing(0.3 - 1e-9, 0))).toBe('free');
  expect(verdict(standing(0.3 - 1e-16, 0))).toBe('over');
  expect(verdict(standing(0, 0, 1e-12))).toBe('free');
});

test('a deadline holds a run before its next step', async () => {
  world.openai.script({ match: 'late', times: Infinity, tokens: 8, tokenMs: 60 });
  const run = await start('loops', { topic: 'late' }, { deadline_s: 1 });
  expect((await asked(run)).question).toMatch(/deadline_s is reached: 1 of 1 seconds/);
  expect(world.openai.matching('late').every(({ outcome }) => outcome === 'answered')).toBe(true);
  await run.terminate();
});

test('a deadline that fails a run aborts what is in flight, and does not wait for a person', async () => {
  world.openai.script({ match: 'too slow', tokens: 400, tokenMs: 30 });
  const [slow, sits] = await Promise.all([
    start('loops', { topic: 'too slow' }, { deadline_s: 1, on_breach: 'fail' }),
    start('sitsThere', { topic: 'sits' }, { deadline_s: 1, on_breach: 'fail' }),
  ]);
  expect(await failureOf(slow)).toMatchObject({ type: 'LimitExceeded' });
  expect(await failureOf(sits)).toMatchObject({ type: 'LimitExceeded' });
  await world.openai.until(() => world.openai.matching('too slow')[0]?.outcome === 'aborted');
});

test('limits that make no sense are none', async () => {
  const odd: object = { max_tokens: 'many', max_steps: -1, max_cost_usd: null, deadline_s: 0, on_breach: 17 };
  world.openai.script({ match: 'odd', times: Infinity, tokens: 10, tokenMs: 60 });
  const run = await start('loops', { topic: 'odd', most: 2 }, odd);
  await run.signal('limits', 'nonsense');
  await run.signal('limits');
  await run.signal('child_spent', { child: 1 });
  const unpriced = { input_tokens: 1, output_tokens: 1 };
  await run.signal('spent', { step: '1', round: 0, spent: unpriced });
  await run.signal('allowance', 'all');
  expect(await run.result()).toBe(2);
  expect((await run.query(state)).waste.cost_usd).toBe(0);
});
