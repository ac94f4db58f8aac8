// Limits, messages and what was spent, over HTTP.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { find } from '../api/catalogue.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import { checkpointOf } from './api-fork-stage.ts';
import { type ApiStage, catalogue, json, openApiStage } from './api-stage.ts';
import { openWorld, type World } from './world.ts';
import { hasSpenders, loops } from './workflows/spends.ts';

let world: World;
let api: ApiStage;
beforeAll(async () => {
  world = await openWorld();
  api = await openApiStage(world, { catalogue: { ...catalogue, loops, hasSpenders } });
});
afterAll(async () => {
  await api.close();
  await world.close();
});
beforeEach(() => world.openai.reset());

const costs = (topic: string, tokens: number) =>
  world.openai.script({ match: topic, times: Infinity, usage: { input_tokens: tokens - 50, output_tokens: 50 } });
const calls = (topic: string): number => world.openai.matching(topic).length;
const post = (id: string, what: string, body?: unknown) => api.ask('POST', `/api/runs/${id}/${what}`, body);

test('a run is started with limits, waits at one, and goes on with more', async () => {
  costs('over http', 300);
  const id = await api.start('loops', { topic: 'over http', most: 9 }, { limits: { max_tokens: 1000 } });
  const run = await api.until(id, ({ status }) => status === 'waiting');
  expect(run.limits).toEqual({ max_tokens: 1000, on_breach: 'pause' });
  expect(run.waiting_for).toMatchObject([{ kind: 'budget', name: 'budget', waiting_id: 'budget-1' }]);

  const odd = await post(id, 'answer', { waiting_id: 'budget-1', value: 'yes' });
  expect(odd.status).toBe(422);
  expect(await json(odd)).toMatchObject({ detail: [{ loc: ['body', 'value'], type: 'invalid_answer' }] });
  expect((await post(id, 'answer', { waiting_id: 'budget-1', value: { max_tokens: 1500 } })).status).toBe(200);
  await api.until(id, ({ waiting_for }) => waiting_for[0]?.waiting_id === 'budget-2');
  expect(calls('over http')).toBe(5);

  const raised = await post(id, 'limits', { max_tokens: null, max_steps: 8 });
  expect(raised.status).toBe(200);
  expect(await json(raised)).toMatchObject({ success: true, run_id: id, limits: { max_steps: 8, on_breach: 'pause' } });
  const again = await api.until(id, ({ waiting_for }) => waiting_for[0]?.waiting_id === 'budget-3');
  expect(again.limits).toEqual({ max_steps: 8, on_breach: 'pause' });
  expect(await json(await post(id, 'limits', { max_steps: null }))).toMatchObject({ limits: null });
  await api.until(id, ({ status }) => status === 'completed');
  expect(calls('over http')).toBe(9);
  const late = await post(id, 'limits', { max_steps: 1 });
  expect([late.status, (await json(late)).type]).toEqual([400, 'wrong_state']);
  expect((await post('nobody', 'limits', {})).status).toBe(400);
});

test.each([
  [{ max_tokens: 0 }],
  [{ max_tokens: 1.5 }],
  [{ max_steps: -1 }],
  [{ max_cost_usd: 0 }],
  [{ deadline_s: '5' }],
  [{ max_token: 1000 }],
  [{ on_breach: 'stop' }],
  [17],
])('limits %j are refused', async (limits) => {
  const input = { topic: 'refused' };
  expect((await api.ask('POST', '/api/workflows/loops/runs', { input, limits })).status).toBe(422);
  expect((await post('any', 'limits', limits)).status).toBe(422);
});

test('a fork and a restore of a run that its limit has ended have the limit, and count from zero', async () => {
  costs('spent', 300);
  const limits = { max_tokens: 1000, on_breach: 'fail' };
  const id = await api.start('loops', { topic: 'spent', most: 20 }, { limits });
  const failed = await api.until(id, ({ status }) => status === 'failed');
  expect(failed.error).toMatchObject({ type: 'LimitExceeded', message: expect.stringContaining('1200 of 1000') });
  const { new_run_id } = await json<{ new_run_id: string }>(await post(id, 'fork', {}));
  const forked = await api.until(new_run_id, ({ status }) => status === 'failed');
  expect(forked.limits).toEqual(limits);
  expect(forked.usage).toMatchObject({ input_tokens: 1000, inherited: { input_tokens: 1000 } });
  expect(calls('spent')).toBe(8);
  const dry = await json(await post(id, 'fork', { dry_run: true }));
  expect(dry).toMatchObject({ fits: true });
  const { checkpoint_id } = await json<{ checkpoint_id: string }>(await post(id, 'fork', { dry_run: true }));
  const restored = await api.ask('POST', `/api/checkpoints/${checkpoint_id}/restore`, { create_new_run: false });
  expect(restored.status).toBe(200);
  await world.openai.until(() => calls('spent') === 12);
  const back = await api.until(id, ({ status, timelines }) => status === 'failed' && timelines.length === 2);
  expect(back.limits).toEqual(limits);
});

test('what children spend is told with their parent, and waste by its cause', async () => {
  costs('parent', 300);
  world.openai.script({ match: 'parent own_1', fault: 'no-end', tokens: 20 });
  costs('parent own', 300);
  const id = await api.start('hasSpenders', { topic: 'parent', children: 2, each: 2, after: 1 });
  const { usage, children } = await api.until(id, ({ status }) => status === 'completed');
  expect(children).toHaveLength(2);
  expect(usage.children).toMatchObject({ input_tokens: 1000, output_tokens: 200 });
  expect(usage.input_tokens).toBe(250);
  const { by, ...waste } = usage.waste;
  expect(by.retries).toEqual(waste);
  expect([by.aborts, by.crashes, by.rewinds].every(({ input_tokens }) => input_tokens === 0)).toBe(true);
});

test('an aborted attempt is waste by a pause', async () => {
  world.openai.script({ match: 'aborts', tokens: 200, tokenMs: 30 });
  const id = await api.start('loops', { topic: 'aborts', most: 1 });
  await world.openai.until(() => world.openai.matching('aborts').some((call) => call.tokens > 3));
  await post(id, 'pause', { mode: 'now' });
  const { usage } = await api.until(id, ({ status }) => status === 'paused');
  expect(usage.waste.by.aborts.output_tokens).toBe(usage.waste.output_tokens);
  expect(usage.waste.output_tokens).toBeGreaterThan(0);
  await post(id, 'cancel');
});

interface Told {
  input_tokens: number;
  output_tokens: number;
  cost_usd: number | null;
}

/** What is told of each cause must be the whole, in tokens and in US$. */
function causes({ waste }: RunAnswer['usage']): Record<keyof RunAnswer['usage']['waste']['by'], number> {
  const all: Told[] = Object.values(waste.by);
  const sum = (of: (told: Told) => number) => all.reduce((total, told) => total + of(told), 0);
  expect(sum(({ input_tokens }) => input_tokens)).toBe(waste.input_tokens);
  expect(sum(({ output_tokens }) => output_tokens)).toBe(waste.output_tokens);
  expect(sum(({ cost_usd }) => cost_usd ?? NaN)).toBeCloseTo(waste.cost_usd ?? NaN, 12);
  const tokens = ({ input_tokens, output_tokens }: Told) => input_tokens + output_tokens;
  const { aborts, crashes, retries, rewinds } = waste.by;
  return { aborts: tokens(aborts), crashes: tokens(crashes), retries: tokens(retries), rewinds: tokens(rewinds) };
}

test('what a pause has aborted and `regenerate` buys again is waste once; the answer that counts is none', async () => {
  world.openai.script({ match: 'anew', tokens: 200, tokenMs: 30 });
  costs('anew', 300);
  const id = await api.start('loops', { topic: 'anew', most: 2 });
  await world.openai.until(() => (world.openai.matching('anew')[0]?.tokens ?? 0) > 5);
  await post(id, 'pause', { mode: 'now' });
  const paused = await api.until(id, ({ status }) => status === 'paused');
  await post(id, 'resume', { action: 'regenerate' });
  const { usage } = await api.until(id, ({ status }) => status === 'completed');
  expect([usage.input_tokens, usage.output_tokens]).toEqual([500, 100]);
  const { aborts, ...others } = causes(usage);
  expect(aborts).toBeGreaterThan(5);
  expect(aborts).toBe(causes(paused.usage).aborts);
  expect(usage.waste.cost_usd).toBeGreaterThan(0);
  expect(others).toEqual({ crashes: 0, retries: 0, rewinds: 0 });
});

test('a restore in place keeps account of all that was paid before it, each token once', async () => {
  world.openai.script({ match: 'back call_2', fault: 'no-end', tokens: 20 });
  world.openai.script({ match: 'back call_4', tokens: 200, tokenMs: 30 });
  costs('back', 300);
  const id = await api.start('loops', { topic: 'back', most: 4 });
  await world.openai.until(() => world.openai.matching('back call_4').some(({ tokens }) => tokens > 5), 20_000);
  const before = await api.until(id, ({ metrics }) => metrics?.steps_count === 3);
  const vain = causes(before.usage);
  expect(vain.retries).toBeGreaterThan(10);
  const restore = (checkpoint: string) =>
    api.ask('POST', `/api/checkpoints/${checkpoint}/restore`, { create_new_run: false, force: true });
  expect((await restore(checkpointOf(before, 1))).status).toBe(200);
  const { usage, timelines } = await api.until(id, ({ status }) => status === 'completed');
  expect(timelines).toHaveLength(2);
  // Three before, and three again.
  expect([usage.input_tokens, usage.output_tokens]).toEqual([6 * 250, 6 * 50]);
  const after = causes(usage);
  // What was wasted behind the checkpoint, and what the restore itself has aborted.
  expect(after.rewinds).toBeGreaterThan(vain.retries + 5);
  expect(after).toEqual({ aborts: 0, crashes: 0, retries: 0, rewinds: after.rewinds });

  expect((await restore(checkpointOf(before, 1))).status).toBe(200);
  const again = await api.until(id, ({ status, timelines }) => status === 'completed' && timelines.length === 3);
  expect([again.usage.input_tokens, again.usage.output_tokens]).toEqual([9 * 250, 9 * 50]);
  expect(causes(again.usage)).toEqual(after);
});

test('a run whose workflow takes no messages says so', async () => {
  costs('deaf', 300);
  const id = await api.start('loops', { topic: 'deaf' }, { limits: { max_steps: 1 } });
  const answer = await post(id, 'message', { text: 'Hello?' });
  expect([answer.status, (await json(answer)).type]).toEqual([409, 'takes_no_messages']);
  expect((await post(id, 'message', { text: '' })).status).toBe(422);
  expect(find(catalogue, 'simple')?.takesMessages).toBeUndefined();
  await post(id, 'cancel');
});

test('an agent at work hears a message, and with "reject" it is told that the run is busy', async () => {
  world.openai.script({ match: 'Say it.', tokens: 40, tokenMs: 30 });
  const agent = { name: 'speaker', description: '', model: null, system_prompt: 'Speak.', tools: [], agents: [] };
  const id = await api.start('agent', { agent, messages: [{ role: 'user', content: 'Say it.' }] });
  await world.openai.until(() => world.openai.matching('Say it.').some((call) => call.tokens > 3));
  const busy = await post(id, 'message', { text: 'Now.', policy: 'reject' });
  expect([busy.status, (await json(busy)).type]).toEqual([409, 'run_busy']);
  expect((await post(id, 'message', { text: 'And this.' })).status).toBe(200);
  await api.until(id, ({ status }) => status === 'completed');
  expect(calls('And this.')).toBe(1);
});
