// Research tasks on the real programs: Python's clients, programs that are killed in the middle, many who watch, and what
// is cleaned up.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { attributes } from '../../workflows/runtime/messages.ts';
import { post as postTo } from '../api-fork-stage.ts';
import { openProcesses, type Processes } from '../processes.ts';
import { preparedPython, programAt } from '../venv.ts';
import {
  type Detail,
  heardBy,
  type List,
  openResearch,
  report,
  type ResearchStage,
  said,
  type Status,
} from './research-stage.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 300_000 });

describe('with httpx and websockets', () => {
  let stage: ResearchStage;
  let python: string;
  beforeAll(async () => {
    python = await preparedPython();
    stage = await openResearch();
  });
  afterAll(() => stage.close());

  test("the document's tests, and clients that poll, watch by fifty, wait and page", async () => {
    const { openai } = stage.world;
    openai.script({ match: ({ said }) => said.at(-1)?.text === 'Research Polled', ...report('Reading', 40) });
    openai.script({ match: 'Research Polled', text: 'All is well.', tokenMs: 300 });
    openai.script({ match: ({ said }) => said.at(-1)?.text === 'Research Watched', ...report('Watching', 30) });
    openai.script({ match: 'Research Watched', tokens: 150, tokenMs: 20 });
    openai.script({ match: 'Research Slow', tokens: 400, tokenMs: 20 });
    const { stdout } = await promisify(execFile)(python, [programAt('research_door.py'), stage.base], {
      timeout: 120_000,
    });
    const told: { polled: string; seen: string[] } = JSON.parse(stdout);
    expect(told).toEqual({
      polled: told.polled,
      seen: expect.arrayContaining(['RUNNING', 'COMPLETE']),
      status: { agent_id: told.polled, status: 'COMPLETE', progress: 100, message: 'Task completed successfully.' },
      result: { agent_id: told.polled, result: { company: 'Polled', findings: 'All is well.' } },
      logs: [
        ['Waiting to start.', 'QUEUED', 0],
        ['Task started.', 'RUNNING', 0],
        ['Reading', 'RUNNING', 40],
        ['Task completed successfully.', 'COMPLETE', 100],
      ],
      sockets: 50,
      same: 1,
      first: { status: 'QUEUED', progress: 0, message: 'Waiting to start.' },
      last: { status: 'COMPLETE', progress: 100, message: 'Task completed successfully.' },
      codes: [1000],
      unknown: [[{ error: 'Task not found' }], 1000],
      late: [408, 'Task not completed within 1 seconds'],
      listed: true,
      started: [200, 200, 200, 200, 200, 200, 429],
      refused: [429, 'Rate limit exceeded: 10 per 1 minute', true],
    });
  });

  test('fifty who watch one task share one reader of its history, and leave nothing behind', async () => {
    stage.world.openai.script({ match: 'Research Crowd', tokens: 500, tokenMs: 20 });
    const id = await stage.make('Crowd');
    const heard = Array.from({ length: 50 }, () => heardBy(stage.socket(id)));
    const gone = Array.from({ length: 50 }, () => stage.socket(id));
    await Promise.all(gone.map((socket) => once(socket, 'message')));
    await expect.poll(() => stage.api.deps.streams.tails(), { timeout: 20_000 }).toBe(1);
    for (const socket of gone) socket.terminate();
    await postTo(stage.api, `/api/runs/${id}/cancel`);
    for (const { messages, code } of await Promise.all(heard))
      expect([messages.at(-1), code]).toEqual([
        { status: 'CANCELED', progress: 0, message: 'Canceled on request.' },
        1000,
      ]);
    await expect.poll(() => stage.api.deps.streams.tails(), { timeout: 20_000 }).toBe(0);
  });
});

describe('the real programs', () => {
  let processes: Processes;
  beforeEach(async () => {
    processes = await openProcesses();
    await processes.run('temporal');
  });
  afterEach(() => processes.close());

  const get = async <T>(path: string): Promise<T> => {
    const answer: T = JSON.parse(await (await fetch(`${processes.api}${path}`)).text());
    return answer;
  };
  const make = async (company: string): Promise<string> => {
    const answer = await fetch(`${processes.api}/api/tasks/research`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ company }),
    });
    const { agent_id }: { agent_id: string } = JSON.parse(await answer.text());
    return agent_id;
  };
  const status = async (id: string) => (await get<Status>(`/api/tasks/${id}/status`)).status;

  test('killed in the middle, worker and API: nothing is lost of a task, and nothing is there twice', async () => {
    const { openai } = processes;
    let [api, worker] = await Promise.all([processes.run('api'), processes.run('worker')]);
    openai.script(report('Reading', 30));
    openai.script({ tokens: 300, tokenMs: 20, times: 1 });
    const id = await make('Sturdy');
    const early = heardBy(new WebSocket(`${processes.api.replace('http', 'ws')}/api/ws/tasks/${id}`));
    await openai.until(() => openai.ledger.length === 2 && (openai.ledger[1]?.tokens ?? 0) > 3, 60_000);
    const before = await get<Detail>(`/api/activities/${id}`);
    expect(said(before).at(-1)).toEqual(['Reading', 'RUNNING', 30]);

    worker.signalGroup('SIGKILL');
    api.signalGroup('SIGKILL');
    await Promise.all([worker.ended, api.ended]);
    // Broken off, not closed as at the end.
    expect((await early).code).toBe(1006);
    openai.script(report('Writing', 70));
    openai.script({ text: 'Sturdy stands.' });
    [api, worker] = await Promise.all([processes.run('api'), processes.run('worker')]);
    const late = await heardBy(new WebSocket(`${processes.api.replace('http', 'ws')}/api/ws/tasks/${id}`));
    expect(late.code).toBe(1000);

    const after = await get<Detail>(`/api/activities/${id}`);
    expect(said(after)).toEqual([
      ['Waiting to start.', 'QUEUED', 0],
      ['Task started.', 'RUNNING', 0],
      ['Reading', 'RUNNING', 30],
      ['Writing', 'RUNNING', 70],
      ['Task completed successfully.', 'COMPLETE', 100],
    ]);
    expect(after.logs.slice(0, 3)).toEqual(before.logs);
    expect(await get<object>(`/api/tasks/${id}/result`)).toEqual({
      agent_id: id,
      result: { company: 'Sturdy', findings: 'Sturdy stands.' },
    });
    // Only the call in flight was made again.
    expect(openai.ledger).toHaveLength(4);
    const list = await get<List>('/api/activities');
    expect(list).toMatchObject({ total: 1, items: [{ agent_id: id, status: 'COMPLETE' }] });
  });

  test('a cleanup deletes what ended long enough ago, of every workflow, and nothing that is open', async () => {
    await Promise.all([processes.run('api', { CLEANUP_AFTER_DAYS: '0.00001' }), processes.run('worker')]);
    const { openai } = processes;
    openai.script({ match: 'Open', tokens: 3000, tokenMs: 20 });
    const done = [await make('Done 1'), await make('Done 2')];
    const flow = await processes.start('poem_flow', { sentence_count: 1 }, randomUUID());
    const open = await make('Open');
    await flow.result();
    for (const id of done) await expect.poll(() => status(id), { timeout: 60_000 }).toBe('COMPLETE');
    const total = async () => (await get<List>('/api/activities')).total;
    await expect.poll(total, { timeout: 60_000 }).toBe(4);
    await sleep(2000);
    const answer = await fetch(`${processes.api}/api/admin/cleanup`, { method: 'POST' });
    expect(await answer.json()).toEqual({ message: 'Cleanup scheduled' });
    await expect.poll(total, { timeout: 60_000 }).toBe(1);
    const { items } = await get<List>('/api/activities');
    expect(items.map(({ agent_id }) => agent_id)).toEqual([open]);
    for (const id of done) expect((await fetch(`${processes.api}/api/tasks/${id}/status`)).status).toBe(404);
    expect(await status(open)).toBe('RUNNING');
  });

  test('at start a stale run that no worker knows is cancelled, told of, and ended', async () => {
    const start = (workflow: string, more: object = {}) =>
      processes.client.workflow.start(workflow, {
        taskQueue: 'waymark',
        workflowId: randomUUID(),
        args: [{}],
        typedSearchAttributes: [{ key: attributes.Kind, value: 'run' }],
        ...more,
      });
    const stale = await start('gone_workflow');
    const live = await start('poem_flow', { startDelay: '1h' });
    await sleep(1500);
    const found = async () => (await processes.client.workflow.count(`WorkflowType = 'gone_workflow'`)).count;
    await expect.poll(found, { timeout: 60_000 }).toBe(1);
    const api = await processes.run('api', { CLEANUP_STALE_AFTER_H: '0.0001' });
    await api.says(/^Cleaned up 1 stale activities$/m);
    await processes.run('worker');
    await expect.poll(() => status(stale.workflowId), { timeout: 90_000 }).toBe('CANCELED');
    expect(said(await get<Detail>(`/api/activities/${stale.workflowId}`)).at(-1)).toEqual([
      'Canceled on request.',
      'CANCELED',
      null,
    ]);
    expect(await status(live.workflowId)).toBe('QUEUED');
    api.signalGroup('SIGTERM');
    await api.ended;
    const again = await processes.run('api', { CLEANUP_STALE_AFTER_H: '0.0001' });
    await sleep(2000);
    expect(again.output()).not.toContain('Cleaned up');
  });
});
