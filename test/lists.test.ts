// Lists of runs: newest first, exact totals, few calls to Temporal. The full figures are in lists.long.test.ts.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiStage, openApiStage } from './api-stage.ts';
import { listRuns, makeRuns, type MadeRun, statusOf } from './lists-runs.ts';

const count = 300;
const tag = `lists ${randomUUID()}`;
let api: ApiStage;
let runs: MadeRun[];

beforeAll(async () => {
  api = await openApiStage();
  runs = await makeRuns(api.client, `lists-${randomUUID()}`, tag, count, true);
  for (let tries = 0; tries < 100; tries++) {
    const { total } = await listRuns(api, `tag=${tag}&status=completed&limit=1`);
    if (total === runs.filter(({ fate }) => fate === 'completed').length) break;
    await sleep(50);
  }
});
afterAll(() => api.close());

const expected = (wanted: MadeRun[], offset: number, limit: number) =>
  wanted.slice(offset, offset + limit).map((run) => ({ id: run.id, status: statusOf(run) }));

test('every page is the right slice of all runs, newest first, whatever their order of starts and ends', async () => {
  for (let offset = 0; offset < count; offset += 50) {
    const page = await listRuns(api, `tag=${tag}&limit=50&offset=${offset}`);
    expect(page.total).toBe(count);
    expect(page.items).toEqual(expected(runs, offset, 50));
    expect(page.calls).toBeLessThanOrEqual(4);
  }
});

test.each([
  ['failed', (run: MadeRun) => run.fate === 'failed'],
  ['completed', (run: MadeRun) => run.fate === 'completed'],
  ['cancelled', () => false],
  ['paused', () => false],
  ['queued', (run: MadeRun) => statusOf(run) === 'queued'],
  ['running', (run: MadeRun) => statusOf(run) === 'queued'],
] as const)('the total of %s is exact, a restored run counted once and by its newest state', async (status, wanted) => {
  const page = await listRuns(api, `tag=${tag}&status=${status}&limit=70&offset=10`);
  expect(page.total).toBe(runs.filter(wanted).length);
  expect(page.items).toEqual(expected(runs.filter(wanted), 10, 70));
  expect(page.calls).toBeLessThanOrEqual(4);
});
