// Three thousand runs on a Temporal of their own: every page, every total, and what each costs.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nextFree } from '../temporal/ports.ts';
import { type ServerProcess, startServer } from '../temporal/server.ts';
import { type ApiStage, openApiStage } from './api-stage.ts';
import { listRuns, makeRuns, type MadeRun, statusOf } from './lists-runs.ts';

const count = 3000;
let server: ServerProcess;
let api: ApiStage;
let runs: MadeRun[];

beforeAll(async () => {
  const port = await nextFree(17_900);
  const uiPort = await nextFree(18_900);
  const binary = join(homedir(), '.cache/waymark/temporal-1.8.2');
  server = await startServer({ binary, port, uiPort, namespace: 'default' });
  api = await openApiStage(undefined, { address: server.address });
  runs = await makeRuns(api.client, 'lists', 'many', count, false);
  const completed = runs.filter(({ fate }) => fate === 'completed').length;
  while ((await listRuns(api, 'status=completed&limit=1')).total < completed) await sleep(200);
}, 600_000);
afterAll(async () => {
  await api?.close();
  await server?.stop();
});

const expected = (wanted: MadeRun[], offset: number, limit: number) =>
  wanted.slice(offset, offset + limit).map((run) => ({ id: run.id, status: statusOf(run) }));

test.each([
  ['page 1', 0],
  ['page 150', 2980],
])('a service that knows nothing yet gives %s in at most 4 calls', async (_, offset) => {
  const cold = await openApiStage(undefined, { address: server.address });
  const page = await listRuns(cold, `limit=20&offset=${offset}`);
  expect(page).toMatchObject({ total: count, items: expected(runs, offset, 20) });
  expect(page.calls).toBeLessThanOrEqual(4);
  await cold.close();
});

test('all 150 pages together are all runs, newest first, each once, each in at most 4 calls', async () => {
  for (let offset = 0; offset < count; offset += 20) {
    const page = await listRuns(api, `limit=20&offset=${offset}`);
    expect(page).toMatchObject({ total: count, items: expected(runs, offset, 20) });
    expect(page.calls).toBeLessThanOrEqual(4);
  }
}, 300_000);

test.each(['queued', 'failed', 'completed'])('the total and the last page of %s are exact', async (status) => {
  const wanted = runs.filter((run) => statusOf(run) === status);
  const offset = wanted.length - 7;
  const page = await listRuns(api, `status=${status}&limit=20&offset=${offset}`);
  expect(page).toMatchObject({ total: wanted.length, items: expected(wanted, offset, 20) });
  expect(page.calls).toBeLessThanOrEqual(4);
});

test('a page of 1,000 costs at most 4 calls', async () => {
  const page = await listRuns(api, 'limit=1000&offset=1000');
  expect(page.items.map(({ id }) => id)).toEqual(runs.slice(1000, 2000).map(({ id }) => id));
  expect(page.calls).toBeLessThanOrEqual(4);
});

test('while runs are started, page 1 is the newest of them', async () => {
  for (let i = 0; i < 10; i++) {
    const id = await api.start('simple', { messages: [{ role: 'user', content: 'one more' }] });
    const first = async () => (await listRuns(api, 'limit=20')).items[0]?.id;
    await expect.poll(first, { timeout: 10_000 }).toBe(id);
  }
  expect((await listRuns(api, 'limit=20')).total).toBe(count + 10);
});
