// Metrics: exact figures of an agent's runs and of all, from what the model was paid.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AgentMetrics, SystemMetrics } from '../api/metrics/shape.ts';
import type { Streams } from '../api/events/streams.ts';
import { json, openApiStage } from './api-stage.ts';
import { type ChatStage, openChat, unique } from './chat-stage.ts';

let chat: ChatStage;
beforeAll(async () => void (chat = await openChat()));
afterAll(() => chat.close());
beforeEach(() => chat.world.openai.reset());

const of = (agent: string, query = '') => chat.api.ask('GET', `/api/metrics/agents/${agent}${query}`);
const figures = async (agent: string, query = '') => json<AgentMetrics>(await of(agent, query));
const system = async () => json<SystemMetrics>(await chat.api.ask('GET', '/api/metrics/system'));

/** Until visibility, which lags, has so many runs that have ended and that are open. */
async function settled(agent: string, ended: number, active: number): Promise<AgentMetrics> {
  const wanted = { total_runs: ended + active, active_runs: active };
  await expect.poll(() => figures(agent), { timeout: 10_000 }).toMatchObject(wanted);
  return figures(agent);
}

const pay = (match: string, input_tokens: number, output_tokens: number) =>
  chat.world.openai.script({ match, usage: { input_tokens, output_tokens } });

/** Ends as failed: the model refuses it for good. */
const refuse = (match: string) => chat.world.openai.script({ match, fault: { status: 400 } });

test('an agent without runs has zeros, and null for every average', async () => {
  expect(await figures(await chat.makeAgent())).toMatchObject({
    total_runs: 0,
    active_runs: 0,
    success_rate: null,
    avg_duration: null,
    total_tokens: 0,
    avg_tokens_per_run: null,
    sampled_runs: 0,
  });
});

test('completed, failed, cancelled and open runs are counted, and their tokens summed, exactly', async () => {
  const agent_id = await chat.makeAgent();
  pay('first', 100, 20);
  pay('second', 1000, 300);
  refuse('third');
  chat.world.openai.script({ match: 'open', fault: 'hang', times: Infinity });
  const answers = [await chat.say('first', { agent_id }), await chat.say('second', { agent_id })];
  expect((await chat.ask('third', { agent_id })).status).toBe(502);
  const open = [await chat.stream('open one', { agent_id }), await chat.stream('open two', { agent_id })];
  const [cancelled] = open.map((answer) => answer.headers.get('location') ?? '');
  await chat.api.ask('POST', `${cancelled}/cancel`);
  const found = await settled(agent_id, 4, 1);
  expect(found).toMatchObject({
    agent_id,
    total_runs: 5,
    completed_runs: 2,
    failed_runs: 1,
    cancelled_runs: 1,
    active_runs: 1,
    success_rate: 0.5,
    total_tokens: 1420,
    avg_tokens_per_run: 1420 / 5,
    sampled_runs: 5,
  });
  expect(answers.map(({ metrics }) => metrics.total_tokens)).toEqual([120, 1300]);
  const { items } = await json<{ items: { created_at: string; completed_at: string | null }[] }>(
    await chat.api.ask('GET', `/api/runs?agent_id=${agent_id}`),
  );
  const seconds = items.flatMap(({ created_at, completed_at }) =>
    completed_at === null ? [] : [(Date.parse(completed_at) - Date.parse(created_at)) / 1000],
  );
  expect(found.avg_duration).toBeCloseTo(seconds.reduce((a, b) => a + b, 0) / 4, 6);
  for (const answer of open) await answer.body?.cancel();
  await chat.api.ask('POST', `${open[1]!.headers.get('location')}/cancel`);
});

test('a time takes the runs that were created in it, from its start to just before its end', async () => {
  const agent_id = await chat.makeAgent();
  pay('early', 10, 1);
  pay('late', 200, 2);
  const early = await chat.say('early', { agent_id });
  const late = await chat.say('late', { agent_id });
  await settled(agent_id, 2, 0);
  const createdOf = async ({ run_id }: { run_id: string }) => (await chat.api.until(run_id, () => true)).created_at;
  const [first, second] = [await createdOf(early), await createdOf(late)];
  const within = async (query: string) => {
    const { total_runs, total_tokens } = await figures(agent_id, `?${query}`);
    return [total_runs, total_tokens];
  };
  expect(await within(`start_time=${second}`)).toEqual([1, 202]);
  expect(await within(`end_time=${second}`)).toEqual([1, 11]);
  expect(await within(`start_time=${first}&end_time=${second}`)).toEqual([1, 11]);
  expect(await within(`start_time=${second}&end_time=${second}`)).toEqual([0, 0]);
  expect(await within(`start_time=2020-01-01&end_time=2099-12-31`)).toEqual([2, 213]);
  expect(await within(`start_time=${second.replace('Z', '')}`)).toEqual([1, 202]);
  const elsewhere = new Date(Date.parse(second) + 2 * 3_600_000).toISOString().replace('Z', '+02:00');
  expect(await within(`start_time=${encodeURIComponent(elsewhere)}`)).toEqual([1, 202]);
});

test('a restored run is one run, of its newest end, with all that it was paid', async () => {
  const agent_id = await chat.makeAgent({ tools: ['calculate'] });
  const run = await failing(agent_id, 'rewound');
  const before = await settled(agent_id, 1, 0);
  expect(before).toMatchObject({ failed_runs: 1, success_rate: 0, total_tokens: 60 });
  pay('rewound', 70, 7);
  await restore(run);
  await expect.poll(() => figures(agent_id), { timeout: 10_000 }).toMatchObject({ completed_runs: 1 });
  expect(await figures(agent_id)).toMatchObject({
    total_runs: 1,
    failed_runs: 0,
    active_runs: 0,
    success_rate: 1,
    total_tokens: 137,
    sampled_runs: 1,
  });
});

test('a restored run that is open is one run, under way', async () => {
  const agent_id = await chat.makeAgent({ tools: ['calculate'] });
  const run = await failing(agent_id, 'again');
  await settled(agent_id, 1, 0);
  chat.world.openai.script({ match: 'again', fault: 'hang', times: Infinity });
  await restore(run);
  await expect
    .poll(() => figures(agent_id), { timeout: 10_000 })
    .toMatchObject({ total_runs: 1, active_runs: 1, failed_runs: 0, success_rate: null, total_tokens: 60 });
  await chat.api.ask('POST', `/api/runs/${run}/cancel`);
});

test('the figures of a deleted agent stay as long as it has runs', async () => {
  const agent_id = await chat.makeAgent();
  pay('goodbye', 5, 5);
  await chat.say('goodbye', { agent_id });
  await settled(agent_id, 1, 0);
  expect((await chat.api.ask('DELETE', `/api/agents/${agent_id}`)).status).toBe(204);
  expect(await figures(agent_id)).toMatchObject({ total_runs: 1, total_tokens: 10 });
  expect((await of(agent_id, '?end_time=2020-01-01')).status).toBe(200);
});

test('an agent that never was is 404, wrong times are 422', async () => {
  for (const name of [unique('nobody'), 'Not%20A%20Name', "'%20OR%20Kind%20=%20'run", 'x'.repeat(300)]) {
    const answer = await of(name);
    expect(answer.status).toBe(404);
    expect(await json(answer)).toMatchObject({ type: 'agent_not_found' });
  }
  for (const query of [
    'start_time=yesterday',
    'end_time=1763700000',
    'start_time=',
    'start_time=2026-02-30',
    'start_time=2026-01-01T25:00:00Z',
    'start_time=2026-01-02&end_time=2026-01-01',
  ]) {
    const answer = await of(chat.agent, `?${query}`);
    expect([query, answer.status]).toEqual([query, 422]);
    expect(JSON.stringify(await json(answer))).toMatch(/start_time|end_time/);
  }
});

test('the figures of all runs grow by what a run was paid; neither sessions nor definitions are runs', async () => {
  const grown = async () => {
    const before = await system();
    const agent_id = await chat.makeAgent();
    pay('of all', 4000, 44);
    await chat.say('of all', { agent_id });
    await settled(agent_id, 1, 0);
    const after = await system();
    return { agents: after.total_agents - before.total_agents, runs: after.total_runs - before.total_runs };
  };
  // Other tests run on the same server, and may delete one of theirs just then.
  const atLeastOne: number = expect.toSatisfy((more: number) => more >= 1);
  await expect.poll(grown, { timeout: 40_000 }).toEqual({ agents: atLeastOne, runs: atLeastOne });
  const now = await system();
  expect(now.runs_today).toBeGreaterThan(0);
  expect(now.total_tokens_today).toBeGreaterThanOrEqual(4044);
  expect(now.avg_response_time).toBeGreaterThan(0);
  expect(now.active_runs).toBeLessThanOrEqual(now.total_runs);
  expect(now.sampled_runs).toBeLessThanOrEqual(now.runs_today);
});

test('an ended run is read once, however often it is asked for, and an answer takes six visibility calls', async () => {
  const agent_id = await chat.makeAgent();
  for (let i = 0; i < 3; i++) await chat.say(`${i}`, { agent_id });
  await settled(agent_id, 3, 0);
  const read: string[] = [];
  const { streams } = chat.api.deps;
  const own = await openApiStage(chat.world, { streams: watched(streams, async (run) => void read.push(run)) });
  const first = await json<AgentMetrics>(await own.ask('GET', `/api/metrics/agents/${agent_id}`));
  expect(own.visibilityCalls()).toBe(6);
  expect(read).toHaveLength(3);
  expect(await json(await own.ask('GET', `/api/metrics/agents/${agent_id}`))).toEqual(first);
  expect(read).toHaveLength(3);
  await own.close();
});

test('a run that cannot be read in time is left out, which the answer tells, and is there in the next one', async () => {
  const agent_id = await chat.makeAgent();
  for (const message of ['swift', 'slow']) pay(message, 30, 3);
  await chat.say('swift', { agent_id });
  const slow = await chat.say('slow', { agent_id });
  await settled(agent_id, 2, 0);
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { streams } = chat.api.deps;
  const own = await openApiStage(chat.world, {
    streams: watched(streams, async (run) => (run === slow.run_id ? held : undefined)),
  });
  const ask = async () => json<AgentMetrics>(await own.ask('GET', `/api/metrics/agents/${agent_id}`));
  expect(await ask()).toMatchObject({ total_runs: 2, total_tokens: 33, avg_tokens_per_run: 33, sampled_runs: 1 });
  release();
  expect(await ask()).toMatchObject({ total_runs: 2, total_tokens: 66, avg_tokens_per_run: 33, sampled_runs: 2 });
  await own.close();
});

const watched = (streams: Streams, first: (run: string) => Promise<void>): Streams => ({
  ...streams,
  async view(run) {
    await first(run);
    return streams.view(run);
  },
});

/** A run that calls a tool, for 60 tokens, and then fails. */
async function failing(agent_id: string, message: string): Promise<string> {
  chat.world.openai.script({
    match: message,
    calls: [{ name: 'calculate', arguments: { expression: '1 + 1' } }],
    usage: { input_tokens: 50, output_tokens: 10 },
  });
  refuse(message);
  const answer = await chat.ask(message, { agent_id });
  expect(answer.status).toBe(502);
  return (await json<{ run_id: string }>(answer)).run_id;
}

/** In place, to right after its tool call. */
async function restore(run: string): Promise<void> {
  const { items } = await json<{ items: { id: string }[] }>(await chat.api.ask('GET', `/api/runs/${run}/checkpoints`));
  const answer = await chat.api.ask('POST', `/api/checkpoints/${items[1]!.id}/restore`, { create_new_run: false });
  expect(answer.status).toBe(200);
}
