// GET /metrics: what is counted, that it is counted once, and that no id becomes a label.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { EnvironmentError } from '../worker/environment.ts';
import { createModelMeter, createRegistry } from '../worker/meters.ts';
import { openMetricsPort } from '../worker/metrics-port.ts';
import { ended } from './api-fork-stage.ts';
import { type ApiStage, catalogue, json, openApiStage } from './api-stage.ts';
import { counted } from './workflows/counted.ts';
import { openWorld, type World } from './world.ts';

const registry = createRegistry();
const model = 'gpt-4o-mini';
let world: World;
let api: ApiStage;
beforeAll(async () => {
  // Each task replays the whole history: whatever workflow code counted would be counted again and again.
  world = await openWorld({ meter: createModelMeter(registry), cached: 0 });
  api = await openApiStage(world, { registry, catalogue: { ...catalogue, counted } });
});
afterAll(async () => {
  await api.close();
  await world.close();
});
beforeEach(() => world.openai.reset());

async function scrape(at = api): Promise<string> {
  const answer = await at.ask('GET', '/metrics');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return answer.text();
}

/** Undefined: it is not told. */
function valueIn(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const line = text.split('\n').find((line) => {
    const [, found, told = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    return found === name && wanted.every((label) => `,${told},`.includes(`,${label},`));
  });
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}
const value = async (name: string, labels?: Record<string, string>) => valueIn(await scrape(), name, labels);

/** Started, and ended by status. */
async function runCounts(): Promise<(number | undefined)[]> {
  const text = await scrape();
  const endedAs = (status: string) => valueIn(text, 'waymark_runs_ended_total', { workflow: 'counted', status });
  const started = valueIn(text, 'waymark_runs_started_total', { workflow: 'counted' });
  return [started, endedAs('completed'), endedAs('failed'), endedAs('cancelled')];
}

async function modelCounts() {
  const text = await scrape();
  return {
    completed: valueIn(text, 'waymark_model_calls_total', { model, outcome: 'completed' }) ?? 0,
    failed: valueIn(text, 'waymark_model_calls_total', { model, outcome: 'failed' }) ?? 0,
    aborted: valueIn(text, 'waymark_model_calls_total', { model, outcome: 'aborted' }) ?? 0,
    input: valueIn(text, 'waymark_model_tokens_total', { model, direction: 'input' }) ?? 0,
    output: valueIn(text, 'waymark_model_tokens_total', { model, direction: 'output' }) ?? 0,
    usd: valueIn(text, 'waymark_model_cost_usd_total', { model }) ?? 0,
  };
}

test('a run and its end are counted once, though it is replayed, followed by many, and scraped by two', async () => {
  expect(await runCounts()).toEqual([0, 0, 0, 0]);
  world.openai.script({ match: 'watched', times: Infinity, tokens: 20, tokenMs: 20 });
  const id = await api.start('counted', { topic: 'watched' });
  const follow = () => api.ask('GET', `/api/runs/${id}/events`, undefined, { accept: 'text/event-stream' });
  const viewers = await Promise.all(Array.from({ length: 5 }, follow));
  expect(await value('waymark_streams_open')).toBe(5);
  const told = await Promise.all(viewers.map((viewer) => viewer.text()));
  expect(new Set(told).size).toBe(1);
  await ended(api, id);
  await expect.poll(() => value('waymark_streams_open')).toBe(0);
  await expect.poll(runCounts).toEqual([1, 1, 0, 0]);
  for (let n = 0; n < 3; n++)
    expect(await Promise.all([runCounts(), runCounts()])).toEqual([
      [1, 1, 0, 0],
      [1, 1, 0, 0],
    ]);
});

test('runs that end otherwise, that come from elsewhere and that are forked: each is counted as what it is', async () => {
  const [started = 0, completed = 0, failed = 0, cancelled = 0] = await runCounts();
  const source = await api.start('counted', { topic: 'whole' });
  await ended(api, source);
  const calls = world.openai.ledger.length;

  await ended(api, await api.start('counted', { topic: 'fails', fails: true }));
  world.openai.script({ match: /cancelled|terminated/, times: 2, tokens: 500, tokenMs: 30 });
  const toCancel = await api.start('counted', { topic: 'cancelled' });
  await world.openai.until(() => world.openai.matching('cancelled').length === 1, 20_000);
  await api.ask('POST', `/api/runs/${toCancel}/cancel`);
  await ended(api, toCancel);
  const toTerminate = await api.start('counted', { topic: 'terminated' });
  await api.client.workflow.getHandle(toTerminate).terminate();
  // As a schedule does, or the CLI.
  const elsewhere = await world.start('counted', { topic: 'elsewhere' });
  await elsewhere.result();
  const answer = await api.ask('POST', `/api/runs/${source}/fork`);
  const fork = await ended(api, (await json<{ new_run_id: string }>(answer)).new_run_id);
  expect(fork.status).toBe('completed');
  expect(world.openai.matching('whole')).toHaveLength(calls);

  await expect.poll(runCounts).toEqual([started + 6, completed + 3, failed + 2, cancelled + 1]);
});

test('calls, tokens and US$ are those of the ledger: what a fork is served costs nothing, what failed is told apart', async () => {
  const before = await modelCounts();
  world.openai.script({ match: 'spent first', fault: { status: 500 } });
  const id = await api.start('counted', { topic: 'spent' });
  const { usage } = await ended(api, id);
  const fork = await json<{ new_run_id: string }>(await api.ask('POST', `/api/runs/${id}/fork`));
  await ended(api, fork.new_run_id);
  const after = await modelCounts();
  expect(world.openai.ledger).toHaveLength(3);
  expect(after).toMatchObject({ completed: before.completed + 2, failed: before.failed + 1, aborted: before.aborted });
  expect(after.input - before.input).toBe(usage.input_tokens);
  expect(after.output - before.output).toBe(usage.output_tokens);
  expect(after.usd - before.usd).toBeCloseTo(usage.cost_usd!, 12);
  expect(usage.cost_usd).toBeGreaterThan(0);
});

test('a call that is aborted is counted with what it cost until then', async () => {
  const before = await modelCounts();
  world.openai.script({ match: 'aborted first', tokens: 500, tokenMs: 30 });
  const id = await api.start('counted', { topic: 'aborted' });
  await world.openai.until(() => world.openai.matching('aborted').some((call) => call.tokens > 5), 20_000);
  await api.ask('POST', `/api/runs/${id}/cancel`);
  await ended(api, id);
  const after = await modelCounts();
  expect(after).toMatchObject({ completed: before.completed, failed: before.failed, aborted: before.aborted + 1 });
  expect(after.output).toBeGreaterThan(before.output);
});

test('requests are counted by the pattern of their route and by their status', async () => {
  const requests = (method: string, route: string, status: number) =>
    value('waymark_http_requests_total', { method, route, status: `${status}` });
  const id = await api.start('counted', { topic: 'requests' });
  await ended(api, id);
  const read = (await requests('GET', '/api/runs/{id}', 200)) ?? 0;
  const missed = (await requests('GET', '/api/runs/{id}', 404)) ?? 0;
  await api.ask('GET', `/api/runs/${id}`);
  for (let n = 0; n < 3; n++) await api.ask('GET', `/api/runs/${randomUUID()}`);
  expect(await requests('GET', '/api/runs/{id}', 200)).toBe(read + 1);
  expect(await requests('GET', '/api/runs/{id}', 404)).toBe(missed + 3);

  await api.ask('GET', `/no/such/${randomUUID()}`);
  await api.ask('PUT', `/api/runs/${id}`);
  await api.ask('POST', '/api/v1/counted/execute', { topic: 5 });
  expect(await requests('GET', 'unmatched', 404)).toBe(1);
  expect(await requests('PUT', 'unmatched', 405)).toBe(1);
  expect(await requests('POST', '/api/v1/counted/execute', 422)).toBe(1);
  expect(await value('waymark_http_request_duration_seconds_count', { method: 'GET', route: '/api/runs/{id}' })).toBe(
    read + 1 + missed + 3 + (await othersOf()),
  );
});

/** Reads of runs that were answered otherwise. */
async function othersOf(): Promise<number> {
  const text = await scrape();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('waymark_http_requests_total{method="GET",route="/api/runs/{id}"'));
  return lines
    .filter((line) => !/status="(200|404)"/.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

test('no id is a label, and the event loop is told', async () => {
  const text = await scrape();
  expect(text).not.toMatch(/[\da-f]{8}-[\da-f]{4}-/);
  expect(text).not.toContain('/such/');
  expect(valueIn(text, 'nodejs_eventloop_lag_seconds')).toBeDefined();
  expect(valueIn(text, 'waymark_temporal_up')).toBe(1);
  expect(valueIn(text, 'waymark_runs_with_problem')).toBeGreaterThanOrEqual(0);
  expect(valueIn(text, 'waymark_runs_open')).toBeGreaterThanOrEqual(0);
});

test('where Temporal does not answer, the rest is told all the same', async () => {
  const alone = await openApiStage(undefined, {
    address: '127.0.0.1:1',
    config: { ...api.deps.config, deadlineMs: 500 },
  });
  try {
    const text = await scrape(alone);
    expect(valueIn(text, 'waymark_temporal_up')).toBe(0);
    expect(valueIn(text, 'waymark_runs_started_total', { workflow: 'simple' })).toBe(0);
    expect(valueIn(text, 'waymark_streams_open')).toBe(0);
  } finally {
    // The client's own retries end with their deadlines: its connection must not be closed under them.
    await sleep(2000);
    await alone.close();
  }
});

test('names of models that nobody knows do not become labels without end; what has no price is not free', async () => {
  const own = new Registry();
  const meter = createModelMeter(own);
  const spent = { input_tokens: 3, output_tokens: 2, cost_usd: null, estimated: false };
  for (let n = 0; n < 150; n++) meter({ model: `model-${n}`, outcome: 'failed', spent });
  meter({ model: 'x'.repeat(5000), outcome: 'failed', spent });
  meter({ model: 'model-7', outcome: 'completed', spent });
  const text = await own.metrics();
  expect(text.split('\n').filter((line) => line.startsWith('waymark_model_calls_total{'))).toHaveLength(102);
  expect(valueIn(text, 'waymark_model_calls_total', { model: 'other', outcome: 'failed' })).toBe(51);
  expect(valueIn(text, 'waymark_model_tokens_total', { model: 'model-7', direction: 'input' })).toBe(6);
  expect(valueIn(text, 'waymark_model_unpriced_calls_total', { model: 'model-7' })).toBe(2);
  expect(valueIn(text, 'waymark_model_cost_usd_total', { model: 'model-7' })).toBeUndefined();
});

test('a worker alone tells its figures on a port of its own, and says in one line that it is taken', async () => {
  const port = await openMetricsPort(registry, '127.0.0.1', 0);
  try {
    const answer = await fetch(port.url);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    expect(valueIn(await answer.text(), 'waymark_model_calls_total', { model, outcome: 'completed' })).toBeGreaterThan(
      0,
    );
    expect((await fetch(port.url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(port.url, { method: 'POST' })).status).toBe(404);
  } finally {
    port.close();
  }
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const at = taken.address();
  const number = typeof at === 'object' && at ? at.port : 0;
  const opening = openMetricsPort(registry, '127.0.0.1', number);
  await expect(opening).rejects.toThrow(EnvironmentError);
  await expect(opening).rejects.toThrow(
    /^Port \d+ on 127\.0\.0\.1 is in use\. Choose another one: WAYMARK_METRICS_PORT\.$/,
  );
  taken.close();
});
