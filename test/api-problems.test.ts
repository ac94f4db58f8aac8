// The API when something is missing: no worker, a worker whose code does not work, no Temporal.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from '@hono/zod-openapi';
import { Client, ServiceError } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nextFree } from '../temporal/ports.ts';
import { explain } from '../api/deadline.ts';
import type { runList } from '../api/runs/shape.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { routes } from './api-routes.ts';

type RunList = z.infer<typeof runList>;

const question = { messages: [{ role: 'user', content: 'Is anybody there?' }] };
let api: ApiStage;
beforeAll(async () => void (api = await openApiStage(undefined, { taskQueue: `nobody-${randomUUID()}` })));
afterAll(() => api.close());

test('without a worker runs are accepted, listed and read as queued, with the problem that no worker is there', async () => {
  const tag = randomUUID();
  const id = await api.start('simple', question, { tags: [tag] });
  const no_worker = { status: 'queued', started_at: null, problem: { type: 'no_worker' } };
  expect(await api.until(id, () => true)).toMatchObject(no_worker);
  const list = async (query: string) => await json<RunList>(await api.ask('GET', `/api/runs?tag=${tag}${query}`));
  await expect.poll(async () => (await list('')).total, { timeout: 10_000 }).toBe(1);
  expect((await list('')).items).toMatchObject([{ id, status: 'queued', problem: { type: 'no_worker' } }]);
  expect((await list('&problem=true')).items).toMatchObject([{ id }]);
  const health = await api.ask('GET', '/api/health');
  expect(health.status).toBe(200);
  expect(await json(health)).toMatchObject({
    status: 'degraded',
    components: { temporal: { status: 'up' }, worker: { status: 'down' } },
  });
  expect((await api.ask('GET', '/health/ready')).status).toBe(200);
});

test('without a worker a run can be cancelled before it began: it is cancelled when a worker comes', async () => {
  const id = await api.start('simple', question);
  expect((await api.ask('POST', `/api/runs/${id}/cancel`)).status).toBe(200);
  expect(await json(await api.ask('POST', `/api/runs/${id}/cancel`))).toMatchObject({
    type: 'wrong_state',
    detail: `Cannot cancel run '${id}': it is being cancelled`,
  });
});

test('a run whose task fails again and again has a problem, and is found by it', async () => {
  const tag = randomUUID();
  const taskQueue = `failing-${tag}`;
  const failing = await openApiStage(undefined, { taskQueue });
  const id = await failing.start('raises', null, { tags: [tag] });
  const { workflowService: service } = failing.client;
  const { namespace } = failing.deps;
  const { WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE: cause } =
    temporal.api.enums.v1.WorkflowTaskFailedCause;
  for (let failed = 0; failed < 5;) {
    const { taskToken } = await failing.client.withDeadline(Date.now() + 70_000, () =>
      service.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
    );
    if (taskToken.length === 0) continue;
    await service.respondWorkflowTaskFailed({ namespace, taskToken, cause, failure: { message: 'x is no function' } });
    failed++;
  }
  const run = await failing.until(id, () => true);
  expect(run).toMatchObject({ status: 'running', problem: { type: 'workflow_task_failing' } });
  expect(Date.parse(run.problem?.since ?? '')).toBeGreaterThan(Date.now() - 60_000);
  const found = async () => (await json<RunList>(await failing.ask('GET', `/api/runs?problem=true&tag=${tag}`))).items;
  await expect.poll(async () => (await found()).map((item) => item.id), { timeout: 10_000 }).toEqual([id]);
  await failing.close();
});

/** What stands where Temporal should: nothing, or something that takes connections and never answers. */
const places = {
  'nobody listens': async () => ({ port: await nextFree(19_000), close: () => {} }),
  'somebody takes connections and never answers': async () => {
    const port = await nextFree(19_500);
    const server = createServer(() => {}).listen(port, '127.0.0.1');
    return { port, close: () => void server.close() };
  },
};

async function timed<T>(ask: () => Promise<T>): Promise<{ ms: number; answer: T }> {
  const since = performance.now();
  const answer = await ask();
  return { ms: performance.now() - since, answer };
}

test.each(Object.entries(places))(
  'where %s, every route answers 503 with Retry-After within 2 s, and readiness names Temporal',
  async (_, occupy) => {
    const { port, close } = await occupy();
    const alone = await openApiStage(undefined, {
      address: `127.0.0.1:${port}`,
      config: { ...api.deps.config, deadlineMs: undefined },
    });
    const calls = [...routes('some-run'), { method: 'GET', path: '/health/ready' }];
    // A machine that is busy with other tests wakes everybody late: as late as who slept meanwhile, twice over.
    const late = timed(() => sleep(1500)).then(({ ms }) => 2 * (ms - 1500));
    const answers = await Promise.all(
      calls.map(async ({ method, path, body, headers }) => ({
        call: `${method} ${path}`,
        ...(await timed(() => alone.ask(method, path, body, headers))),
      })),
    );
    const limit = 2000 + (await late);
    for (const { answer, call } of answers) expect({ call, status: answer.status }).toEqual({ call, status: 503 });
    for (const { answer } of answers) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answers.filter(({ ms }) => ms >= limit).map(({ call, ms }) => ({ call, ms }))).toEqual([]);
    expect(await json(answers[0]!.answer)).toMatchObject({
      type: 'temporal_unavailable',
      request_id: expect.any(String),
    });
    expect(await json(answers.at(-1)!.answer)).toMatchObject({ type: 'not_ready', down: ['temporal'] });
    expect((await json<{ status: string }>(await alone.ask('GET', '/api/health'))).status).toBe('degraded');
    for (const path of ['/health', '/health/live', '/openapi.json', '/docs', '/api/workflows', '/'])
      expect((await alone.ask('GET', path)).status).toBe(200);
    // The client's own retries end with their deadlines: its connection must not be closed under them.
    await sleep(2000);
    await alone.close();
    close();
  },
);

test('a history that takes long to read is read, on every route that needs it: Temporal is well', async () => {
  const id = await api.start('simple', { messages: [{ role: 'user', content: 'slow' }] });
  await api.client.workflow.getHandle(id).terminate();
  const { streams } = api.deps;
  const slowly = () => sleep(2000);
  const slow = await openApiStage(undefined, {
    config: { ...api.deps.config, deadlineMs: undefined },
    streams: {
      ...streams,
      view: (run) => slowly().then(() => streams.view(run)),
      page: (...asked) => slowly().then(() => streams.page(...asked)),
      points: (run) => slowly().then(() => streams.points(run)),
      subscribe: (...asked) => slowly().then(() => streams.subscribe(...asked)),
    },
  });
  const paths = ['', '/events', '/checkpoints', '/tree'].map((path) => `/api/runs/${id}${path}`);
  const compare = `/api/runs/compare?a=${id}&b=${id}`;
  const asked = [...paths, compare].map((path) => slow.ask('GET', path));
  const stream = slow.ask('GET', `/api/runs/${id}/events`, undefined, { accept: 'text/event-stream' });
  const answers = await Promise.all([...asked, stream]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(await answers.at(-1)!.text()).toContain('event: run_failed');
  expect((await slow.ask('DELETE', `/api/runs/${id}`)).status).toBe(204);
  await slow.close();
});

test('a namespace that Temporal does not have is 503 and named, on a read as on a start', async () => {
  const client = new Client({ connection: api.client.connection, namespace: 'nowhere' });
  const elsewhere = await openApiStage(undefined, { client, namespace: 'nowhere' });
  for (const { method, path, body } of routes('some-run').slice(0, 6)) {
    const answer = await elsewhere.ask(method, path, body);
    expect(answer.status).toBe(503);
    expect(await json(answer)).toMatchObject({
      type: 'temporal_misconfigured',
      detail: expect.stringContaining("'nowhere'"),
    });
  }
  await elsewhere.close();
});

test.each([
  'Namespace default has no mapping defined for search attribute Kind',
  "invalid query: invalid expression: column name 'Kind' is not a valid search attribute",
])('where Temporal lacks our search attributes, a client is told what adds them: %s', (details) => {
  const cause = Object.assign(new Error(details), { code: 3, details });
  expect(explain(new ServiceError('Failed', { cause }))).toMatchObject({ status: 503, type: 'temporal_misconfigured' });
});
