// What the routes of research tasks refuse, list and clean up; their texts, and how the OpenAPI document tells of them.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { TypedSearchAttributes } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { json, openApiStage } from '../api-stage.ts';
import { defaultResearch, researchConfig, researchEnvironment } from '../../api/doors/research/config.ts';
import { endStale } from '../../api/doors/research/stale.ts';
import { createRate } from '../../api/rate.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import { post as postTo } from '../api-fork-stage.ts';
import { authOf, keyOf, openAuthStage, type Person } from '../auth-stage.ts';
import { type Detail, heardBy, type List, openResearch, type ResearchStage, said } from './research-stage.ts';

let stage: ResearchStage;
beforeAll(async () => void (stage = await openResearch()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const ask = (method: string, path: string, body?: unknown) => stage.api.ask(method, path, body);

async function becomes(id: string, status: string): Promise<void> {
  await expect.poll(async () => (await stage.status(id)).status, { timeout: 20_000 }).toBe(status);
}

describe('create refuses', () => {
  const refused: [string, unknown, number, string | undefined][] = [
    ['no company', {}, 422, 'body.company'],
    ['an empty company', { company: '' }, 422, 'body.company'],
    ['a company that is a number', { company: 5 }, 422, 'body.company'],
    ['areas that are a text', { company: 'A', focus_areas: 'news' }, 422, 'body.focus_areas'],
    ['an area that is a number', { company: 'A', focus_areas: [1] }, 422, 'body.focus_areas.0'],
    ['areas that are null', { company: 'A', focus_areas: null }, 422, 'body.focus_areas'],
    ['a priority that is a number', { company: 'A', priority: 1 }, 422, 'body.priority'],
    ['a priority that is null', { company: 'A', priority: null }, 422, 'body.priority'],
    ['a list', [], 422, 'body'],
    ['null', 'null', 422, 'body'],
    ['no JSON', '{"company":', 400, undefined],
    ['nothing', '', 400, undefined],
    ['nesting beyond measure', `${'['.repeat(5000)}${']'.repeat(5000)}`, 400, undefined],
  ];
  test.each(refused)('%s', async (_, body, status, at) => {
    const answer = await stage.post(body);
    expect(answer.status).toBe(status);
    const said = await json<{ detail: { loc: string[] }[] | string }>(answer);
    expect(said).toMatchObject({ error: expect.any(String), type: expect.any(String), request_id: expect.any(String) });
    if (at) expect(Array.isArray(said.detail) && said.detail.map(({ loc }) => loc.join('.'))).toContain(at);
  });

  test('a body that is not sent as JSON, or is too long', async () => {
    const plain = await stage.api.ask('POST', '/api/tasks/research', '{"company":"A"}', {
      'content-type': 'text/plain',
    });
    expect(plain.status).toBe(415);
    const long = await stage.api.ask('POST', '/api/tasks/research', 'x', { 'content-length': '1048577' });
    expect(long.status).toBe(413);
  });
});

describe('ids and queries', () => {
  const ids = ['nonexistent', randomUUID(), '%00', '..%2f..%2fetc', 'x'.repeat(3000), '%F0%9F%A6%A6', 'session:1'];
  test.each(ids)('%s is no task, no result, no activity', async (id) => {
    for (const [path, detail] of [
      [`/api/tasks/${id}/status`, 'Task not found'],
      [`/api/tasks/${id}/result`, 'Result not found'],
      [`/api/activities/${id}`, 'Activity not found'],
    ] as const) {
      const answer = await ask('GET', path);
      expect([path, answer.status]).toEqual([path, 404]);
      const agent_id = decodeURIComponent(id);
      expect(await json<object>(answer)).toMatchObject({ detail, error: detail, agent_id });
    }
  });

  test.each([
    '/api/activities?page=0',
    '/api/activities?page=-1',
    '/api/activities?page=x',
    '/api/activities?page=1.5',
    '/api/activities?page_size=0',
    '/api/activities?page_size=101',
    '/api/activities?page_size=',
    '/api/activities?page=99999999999999999999',
    '/api/tasks/x/result?timeout=0',
    '/api/tasks/x/result?timeout=301',
    '/api/tasks/x/result?timeout=1.5',
    '/api/tasks/x/result?timeout=soon',
  ])('%s is 422', async (path) => {
    const answer = await ask('GET', path);
    expect(answer.status).toBe(422);
    expect(await json<object>(answer)).toMatchObject({ detail: expect.any(Array), error: expect.any(String) });
  });

  test('a wrong method is 405, and the routes of Python tasks are where they were', async () => {
    const answer = await ask('GET', '/api/tasks/research');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await ask('DELETE', '/api/activities')).status).toBe(405);
    expect((await ask('GET', '/api/tasks')).status).toBe(200);
  });

  test('a result that is not there in time is 408; of another workflow it is 404', async () => {
    stage.world.openai.script({ match: 'Slow', tokens: 400, tokenMs: 20 });
    const slow = await stage.make('Slow');
    const late = await ask('GET', `/api/tasks/${slow}/result?timeout=1`);
    expect(late.status).toBe(408);
    const detail = 'Task not completed within 1 seconds';
    expect(await json<object>(late)).toMatchObject({ detail, error: detail, agent_id: slow });
    await postTo(stage.api, `/api/runs/${slow}/cancel`);

    const other = await stage.api.start('simple', { messages: [{ role: 'user', content: 'Hello' }] });
    await becomes(other, 'COMPLETE');
    expect((await ask('GET', `/api/tasks/${other}/result`)).status).toBe(404);
    expect(await stage.detail(other)).toMatchObject({ task_type: 'simple', progress: 100 });
  });
});

describe('ten a minute', () => {
  test('are taken from one address, the eleventh is told when to come again; what is refused does not count', async () => {
    for (let n = 0; n < 10; n++) {
      expect((await stage.post({ company: '' }, '10.1.0.1')).status).toBe(422);
      expect((await stage.post({ company: `Many ${n}` }, '10.1.0.1')).status).toBe(200);
    }
    const refused = await stage.post({ company: 'One more' }, '10.1.0.1');
    expect(refused.status).toBe(429);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(await json<object>(refused)).toMatchObject({
      error: 'Rate limit exceeded: 10 per 1 minute',
      detail: expect.any(String),
      type: 'rate_limited',
    });
    expect((await stage.post({ company: 'Elsewhere' }, '10.1.0.2')).status).toBe(200);
    expect((await stage.post({ company: '' }, '10.1.0.1')).status).toBe(422);
  });

  test('in any minute: there is room again when the first one is a minute old', () => {
    let now = 0;
    const rate = createRate(2, 60_000, () => now);
    const took = (at: number) => {
      now = at;
      return rate.take('a');
    };
    expect(took(0).kind).toBe('taken');
    const second = took(50_000);
    expect(took(50_000)).toEqual({ kind: 'refused', againAfterMs: 10_000 });
    expect(took(60_000).kind).toBe('taken');
    expect(took(61_000)).toEqual({ kind: 'refused', againAfterMs: 49_000 });
    if (second.kind === 'taken') second.giveBack();
    expect(took(61_000).kind).toBe('taken');
    expect(rate.take('b').kind).toBe('taken');
  });
});

describe('the list', () => {
  const page = async (query: string) => json<List>(await ask('GET', `/api/activities${query}`));

  test('has runs of every workflow, in pages, what is open before what has ended, the newest first', async () => {
    const ended: string[] = [];
    for (let n = 0; n < 3; n++) ended.push(await stage.make(`Ended ${n}`));
    ended.push(await stage.api.start('simple', { messages: [{ role: 'user', content: 'Hello' }] }));
    for (const id of ended) await becomes(id, 'COMPLETE');
    stage.world.openai.script({ match: 'Open', tokens: 4000, tokenMs: 20, times: Infinity });
    const open: string[] = [];
    for (let n = 0; n < 2; n++) open.push(await stage.make(`Open ${n}`));
    for (const id of open) await becomes(id, 'RUNNING');
    const waits = await stage.api.start('asks', { topic: 'Forks' });
    await becomes(waits, 'WAITING');
    open.push(waits);

    const mine = async (): Promise<List['items']> => {
      const ids = [...open, ...ended];
      const found: List['items'] = [];
      for (let n = 1; ; n++) {
        const { items, pages } = await page(`?page=${n}&page_size=100`);
        found.push(...items.filter(({ agent_id }) => ids.includes(agent_id)));
        // Others have runs by the hundred: what comes after the oldest of these is not looked through.
        if (n >= pages || found.length >= ids.length) return found;
      }
    };
    // Of one reading: others make runs meanwhile, which move from page to page.
    let rows: List['items'] = [];
    const ids = async () => (rows = await mine()).map(({ agent_id }) => agent_id);
    await expect.poll(ids, { timeout: 20_000 }).toEqual([...open.toReversed(), ...ended.toReversed()]);
    expect(rows[0]).toMatchObject({ task_type: 'asks', status: 'WAITING' });
    const last = await stage.detail(ended[0]!);
    expect(rows.at(-1)).toEqual({
      agent_id: last.agent_id,
      task_type: 'research_company',
      status: 'COMPLETE',
      progress: 100,
      message: 'Task completed successfully.',
      updated_at: last.updated_at,
    });

    const { total, pages } = await page('?page_size=2');
    expect(Math.abs(pages - Math.ceil(total / 2))).toBeLessThanOrEqual(1);
    expect((await page('')).items.length).toBeLessThanOrEqual(20);
    const beyond = await page('?page=100000');
    expect(beyond).toMatchObject({ items: [], page: 100_000 });
    for (const id of open) await postTo(stage.api, `/api/runs/${id}/cancel`);
  });
});

test('a cleanup is scheduled at once, and takes nothing that is not old', async () => {
  const id = await stage.make('Kept');
  await becomes(id, 'COMPLETE');
  const answer = await ask('POST', '/api/admin/cleanup');
  expect(answer.status).toBe(200);
  expect(await json<object>(answer)).toEqual({ message: 'Cleanup scheduled' });
  const log = () => stage.api.log.filter((line) => line.includes('were deleted'));
  await expect.poll(log, { timeout: 20_000 }).toHaveLength(1);
  expect(JSON.parse(log()[0]!)).toMatchObject({ removed: 0 });
  expect((await stage.status(id)).status).toBe('COMPLETE');
});

describe('at start', () => {
  /** As if it had begun then. */
  const begin = async (type: string, created: string, more: { startDelay?: '1h' } = {}) => {
    const id = randomUUID();
    await stage.world.client.workflow.start(type, {
      taskQueue: stage.world.taskQueue,
      workflowId: id,
      args: [{ topic: 'Forks' }],
      ...more,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: attributes.Kind, value: 'run' },
        { key: attributes.CreatedAt, value: new Date(created) },
      ]),
    });
    return id;
  };

  test('open runs of workflows that are gone and began long ago are cancelled, and no others', async () => {
    const { deps } = stage.api;
    // Of this workflow the worker still knows; the catalogue does not.
    const { asks: _, ...catalogue } = deps.catalogue;
    const stale = await begin('asks', '1999-01-01T00:00:00Z');
    const young = await begin('asks', '2024-01-01T00:00:00Z');
    const known = await begin('simple', '1999-01-01T00:00:00Z', { startDelay: '1h' });
    for (const id of [stale, young]) await becomes(id, 'WAITING');
    const lines: string[] = [];
    const ending = new AbortController();
    const research = { ...defaultResearch, staleMs: Date.now() - Date.parse('2000-01-01T00:00:00Z') };
    const at = {
      ...deps,
      catalogue,
      config: { ...deps.config, research },
    };
    const found = async () =>
      (await deps.client.workflow.count(`WorkflowId = '${stale}' AND CreatedAt < '2000-01-01T00:00:00Z'`)).count;
    await expect.poll(found, { timeout: 20_000 }).toBe(1);

    const ended = endStale(at, ending.signal, (line) => void lines.push(line));
    await becomes(stale, 'CANCELED');
    await expect.poll(() => lines, { timeout: 20_000 }).toEqual(['Cleaned up 1 stale activities']);
    ending.abort();
    await ended;
    expect((await stage.status(young)).status).toBe('WAITING');
    const { raw } = await deps.client.workflow.getHandle(known).describe();
    expect(raw.workflowExtendedInfo?.cancelRequested).toBe(false);

    const again: string[] = [];
    const once = AbortSignal.timeout(3000);
    await endStale(at, once, (line) => void again.push(line));
    expect(again).toEqual([]);
    await deps.client.workflow.getHandle(young).terminate();
    await deps.client.workflow.getHandle(known).terminate();
  });
});

describe('the texts of the log', () => {
  test('can be set, by the names of the replaced system too', async () => {
    const texts = {
      create: 'Queued',
      started: 'At work',
      complete: 'Done',
      error: 'Oh: {error}! {error}',
      canceled: 'Stopped',
    };
    const other = await openApiStage(stage.world, {
      config: { ...stage.api.deps.config, research: { ...defaultResearch, texts } },
    });
    const messages = async (id: string) =>
      said(await json<Detail>(await other.ask('GET', `/api/activities/${id}`))).map(([message]) => message);
    const done = await stage.make('Done');
    await becomes(done, 'COMPLETE');
    expect(await messages(done)).toEqual(['Queued', 'At work', 'Done']);
    stage.world.openai.script({ fault: { status: 400 } });
    const failed = await stage.make('Failed');
    await becomes(failed, 'ERROR');
    const [, why = ''] = /^Task failed with error: (.*)$/.exec((await stage.status(failed)).message ?? '') ?? [];
    expect(await messages(failed)).toEqual(['Queued', 'At work', `Oh: ${why}! ${why}`]);
    await other.close();
    const set = {
      ACTIVITY_MESSAGE_STARTED: 'Agent is working...',
      CLEANUP_AFTER_DAYS: '0.5',
      CLEANUP_STALE_AFTER_H: '0.25',
    };
    expect(researchConfig(researchEnvironment.parse(set))).toMatchObject({
      texts: { create: 'Waiting to start.', started: 'Agent is working...' },
      keptMs: 12 * 3_600_000,
      staleMs: 900_000,
    });
  });
});

test('with auth on, no token and a bad one are Invalid token, and cleaning up is for admins', async () => {
  const guarded = await openAuthStage(stage.world);
  for (const [method, path] of [
    ['POST', '/api/tasks/research'],
    ['GET', '/api/tasks/x/status'],
    ['GET', '/api/activities'],
    ['POST', '/api/admin/cleanup'],
  ] as const)
    for (const headers of [undefined, { authorization: 'Bearer wrong' }]) {
      const answer = await guarded.ask(method, path, method === 'POST' ? {} : undefined, headers);
      expect(answer.status).toBe(401);
      expect(await json<object>(answer)).toMatchObject({ detail: 'Invalid token', error: 'Invalid token' });
    }
  const cleanup = async (who: Person) => (await guarded.as(who)('POST', '/api/admin/cleanup')).status;
  expect([await cleanup('ann'), await cleanup('vic'), await cleanup('ada')]).toEqual([403, 403, 200]);
  const theirs = await stage.make('Nobody');
  const status = async (who: Person, id: string) => (await guarded.as(who)('GET', `/api/tasks/${id}/status`)).status;
  expect([await status('ann', theirs), await status('ada', theirs)]).toEqual([404, 200]);
  const made = await guarded.as('ann')('POST', '/api/tasks/research', { company: 'Mine' });
  expect(made.status).toBe(200);
  const { agent_id: mine } = await json<{ agent_id: string }>(made);
  expect([await status('ann', mine), await status('bob', mine)]).toEqual([200, 404]);
  const listed = async (who: Person) => {
    const { items } = await json<List>(await guarded.as(who)('GET', '/api/activities?page_size=100'));
    return items.map(({ agent_id }) => agent_id).filter((id) => id === mine || id === theirs);
  };
  await expect.poll(() => listed('ann'), { timeout: 20_000 }).toEqual([mine]);
  expect(await listed('bob')).toEqual([]);
  await guarded.close();
});

test('with auth on, a WebSocket tells only what its owner may know', async () => {
  const guarded = await openResearch({}, { auth: authOf() });
  guarded.world.openai.script({ match: 'Hers', tokens: 60, tokenMs: 20 });
  const headers = (who: Person) => ({ authorization: `Bearer ${keyOf(who)}` });
  const made = await guarded.api.ask('POST', '/api/tasks/research', { company: 'Hers' }, headers('ann'));
  const { agent_id } = await json<{ agent_id: string }>(made);
  const heard = (who: Person) => heardBy(guarded.socket(agent_id, `?access_token=${keyOf(who)}`));
  const [ann, bob, ada] = await Promise.all([heard('ann'), heard('bob'), heard('ada')]);
  expect(bob).toMatchObject({ messages: [{ error: 'Task not found' }], code: 1000 });
  for (const { messages } of [ann, ada])
    expect(messages.at(-1)).toEqual({ status: 'COMPLETE', progress: 100, message: 'Task completed successfully.' });
  const [, refused] = await once(guarded.socket(agent_id), 'unexpected-response');
  expect(refused.statusCode).toBe(401);
  await guarded.close();
});

test('the OpenAPI document has the texts of the document', async () => {
  interface Operation {
    summary: string;
    description: string;
    responses: Record<string, { description: string }>;
    requestBody: object;
  }
  interface Document {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, { properties: Record<string, { description?: string }> }> };
  }
  const { paths, components } = await json<Document>(await ask('GET', '/openapi.json'));
  const create = paths['/api/tasks/research']?.['post'];
  expect(create).toMatchObject({
    summary: 'Create Research Task',
    description: 'Queue a new company research task for AI agent processing.',
    responses: { 200: { description: 'Task queued successfully' }, 429: { description: 'Rate limit exceeded' } },
  });
  expect(components.schemas['TaskRequest']?.properties).toMatchObject({
    company: { description: 'Name of the company to research' },
    focus_areas: { description: 'Specific areas to focus on (optional)' },
    priority: { description: 'Task priority (low or high)' },
  });
  expect(paths['/api/tasks/{agent_id}/status']?.['get']?.description).toBe('Get the status of a task.');
  expect(paths['/api/activities']?.['get']?.description).toContain('List all activities with pagination.');
  expect(paths['/api/activities/{agent_id}']?.['get']?.description).toBe(
    'Get detailed activity with full log history.',
  );
  expect(paths['/api/tasks/{agent_id}/result']?.['get']?.description).toContain('Get the result of a completed task.');
  expect(paths['/api/ws/tasks/{agent_id}']?.['get']?.description).toContain('real-time task progress');
  expect(paths['/api/admin/cleanup']?.['post']?.description).toContain('Trigger cleanup of old activities');
});
