// Research tasks as the document of the system tells of them, whose clients come here; and what it says nothing of.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkpointOf, forkAt, post as postTo, read } from '../api-fork-stage.ts';
import { json } from '../api-stage.ts';
import { type Detail, heardBy, openResearch, report, type ResearchStage, said, temporal } from './research-stage.ts';

let stage: ResearchStage;
beforeAll(async () => void (stage = await openResearch()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const ask = (method: string, path: string, body?: unknown) => stage.api.ask(method, path, body);
const uuid = /^[\da-f]{8}-[\da-f]{4}-[47][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** Reads the status until it is this one. */
async function becomes(id: string, status: string): Promise<void> {
  await expect.poll(async () => (await stage.status(id)).status, { timeout: 20_000 }).toBe(status);
}

describe("the document's own tests", () => {
  test('test_create_task', async () => {
    const response = await stage.post({ company: 'Test Corp', focus_areas: ['products'] });
    expect(response.status).toBe(200);
    const body = await json<{ agent_id: string }>(response);
    expect(body).toHaveProperty('agent_id');
    await becomes(body.agent_id, 'COMPLETE');
  });

  test('test_get_status_not_found', async () => {
    const response = await ask('GET', '/api/tasks/nonexistent/status');
    expect(response.status).toBe(404);
  });
});

const about = (time: string): string =>
  expect.toSatisfy((other: string) => Math.abs(Date.parse(other) - Date.parse(time)) <= 1);

describe('a task', () => {
  test('is queued, reports, completes: its status, its result, its log, its row', async () => {
    const { openai } = stage.world;
    openai.script(report('Reading the news', 40));
    const findings = 'Acme makes anvils, and rockets, and glue, and what coyotes want.';
    openai.script({ text: findings, tokenMs: 300 });
    const created = await stage.post({ company: 'Acme', focus_areas: ['news', 'price'], more: 1 });
    expect(created.status).toBe(200);
    const body = await json<{ agent_id: string }>(created);
    expect(body).toEqual({ agent_id: expect.stringMatching(uuid), message: 'Research task queued for Acme' });
    const id = body.agent_id;

    const reads: Detail[] = [];
    for (const end = Date.now() + 20_000; reads.at(-1)?.progress !== 40 && Date.now() < end; await sleep(20))
      reads.push(await stage.detail(id));
    expect(await stage.status(id)).toEqual({
      agent_id: id,
      status: 'RUNNING',
      progress: 40,
      message: 'Reading the news',
    });
    const result = await ask('GET', `/api/tasks/${id}/result?timeout=30`);
    expect(result.status).toBe(200);
    expect(await json<object>(result)).toEqual({
      agent_id: id,
      result: { company: 'Acme', findings },
    });
    expect(await stage.status(id)).toEqual({
      agent_id: id,
      status: 'COMPLETE',
      progress: 100,
      message: 'Task completed successfully.',
    });

    const detail = await stage.detail(id);
    reads.push(detail);
    expect(detail).toEqual({
      agent_id: id,
      task_type: 'research_company',
      status: 'COMPLETE',
      progress: 100,
      created_at: time,
      updated_at: detail.logs.at(-1)?.created_at,
      logs: [
        { message: 'Waiting to start.', status: 'QUEUED', progress: 0, created_at: detail.created_at },
        { message: 'Task started.', status: 'RUNNING', progress: 0, created_at: time },
        { message: 'Reading the news', status: 'RUNNING', progress: 40, created_at: time },
        { message: 'Task completed successfully.', status: 'COMPLETE', progress: 100, created_at: time },
      ],
    });
    const times = detail.logs.map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted());
    // Whenever it was read, the log was the beginning of what it is now.
    for (const { logs } of reads) expect(detail.logs.slice(0, logs.length)).toEqual(logs);
    expect(openai.ledger[0]?.asked?.said[0]?.text).toMatch(/^Research Acme\. Focus on: news, price\n/);
    expect(openai.ledger[0]?.asked?.model).toBe('gpt-4o');
  });

  test('that fails is ERROR with the reason, and its result is refused at once', async () => {
    stage.world.openai.script({ fault: { status: 401 } });
    const id = await stage.make('Faulty');
    const answer = await ask('GET', `/api/tasks/${id}/result?timeout=60`);
    expect(answer.status).toBe(409);
    const refused = await json<{ error: string }>(answer);
    expect(refused).toMatchObject({ agent_id: id, status: 'ERROR', error: expect.any(String) });
    const detail = await stage.detail(id);
    expect(said(detail)).toEqual([
      ['Waiting to start.', 'QUEUED', 0],
      ['Task started.', 'RUNNING', 0],
      [`Task failed with error: ${refused.error}`, 'ERROR', null],
    ]);
    expect(await stage.status(id)).toMatchObject({ status: 'ERROR', progress: 0 });
  });

  test('keeps the newest percentage that there is when it is canceled; nothing is logged after', async () => {
    stage.world.openai.script(report('Half', 50));
    stage.world.openai.script({ tokens: 4000, tokenMs: 20 });
    const id = await stage.make('Stopped');
    await expect.poll(async () => (await stage.status(id)).progress, { timeout: 20_000 }).toBe(50);
    await postTo(stage.api, `/api/runs/${id}/cancel`);
    await becomes(id, 'CANCELED');
    expect(await stage.status(id)).toEqual({
      agent_id: id,
      status: 'CANCELED',
      progress: 50,
      message: 'Canceled on request.',
    });
    const detail = await stage.detail(id);
    expect(said(detail).at(-1)).toEqual(['Canceled on request.', 'CANCELED', null]);
    await sleep(300);
    expect(await stage.detail(id)).toEqual(detail);
    const answer = await ask('GET', `/api/tasks/${id}/result`);
    expect(answer.status).toBe(409);
    expect(await json<object>(answer)).toMatchObject({ status: 'CANCELED', error: expect.any(String) });
  });

  test('paused natively is PAUSED, and goes on', async () => {
    stage.world.openai.script({ tokens: 4000, tokenMs: 20 });
    const id = await stage.make('Held');
    await becomes(id, 'RUNNING');
    await stage.world.openai.until(() => stage.world.openai.ledger.some((call) => call.tokens > 2));
    await postTo(stage.api, `/api/runs/${id}/pause`, { mode: 'now' });
    await becomes(id, 'PAUSED');
    expect(said(await stage.detail(id)).map(([message]) => message)).toEqual(['Waiting to start.', 'Task started.']);
    await postTo(stage.api, `/api/runs/${id}/resume`, { action: 'regenerate' });
    await becomes(id, 'COMPLETE');
    expect(said(await stage.detail(id)).map(([message]) => message)).toEqual([
      'Waiting to start.',
      'Task started.',
      'Task completed successfully.',
    ]);
  });

  test('forked natively is a task of its own, with what was reported before', async () => {
    stage.world.openai.script(report('Read', 30));
    stage.world.openai.script({ text: 'Old findings.' });
    const id = await stage.make('Twice');
    await becomes(id, 'COMPLETE');
    const before = await stage.detail(id);
    stage.world.openai.script({ text: 'New findings.' });
    const { new_run_id } = await forkAt(stage.api, checkpointOf(await read(stage.api, id), 2));
    await becomes(new_run_id, 'COMPLETE');
    const fork = await stage.detail(new_run_id);
    expect(fork.task_type).toBe('research_company');
    expect(said(fork)).toEqual(said(before));
    const times = fork.logs.map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted());
    expect(times[0]).toBe(fork.created_at);
    const result = await ask('GET', `/api/tasks/${new_run_id}/result`);
    expect(await json<object>(result)).toEqual({
      agent_id: new_run_id,
      result: { company: 'Twice', findings: 'New findings.' },
    });
    expect(await stage.detail(id)).toEqual(before);
  });

  test('restored natively after its end runs again: what was reported stays, and only the new end is there', async () => {
    stage.world.openai.script(report('Read', 30));
    stage.world.openai.script({ text: 'Old findings.' });
    const id = await stage.make('Again');
    await becomes(id, 'COMPLETE');
    const before = await stage.detail(id);
    stage.world.openai.script({ ...report('Read more', 60) });
    stage.world.openai.script({ text: 'Better findings.' });
    const run = await read(stage.api, id);
    await postTo(stage.api, `/api/checkpoints/${checkpointOf(run, 2)}/restore`, { create_new_run: false });
    const reads = [await stage.detail(id)];
    for (const end = Date.now() + 20_000; reads.at(-1)?.logs.length !== 5 && Date.now() < end; await sleep(5))
      reads.push(await stage.detail(id));
    // While it is restored, its start was seen told a millisecond earlier.
    const kept = before.logs.slice(0, 3).map(({ created_at, ...log }) => ({ ...log, created_at: about(created_at) }));
    for (const { logs } of reads) expect(logs.slice(0, 3)).toEqual(kept);
    const after = await stage.detail(id);
    expect(said(after).slice(3)).toEqual([
      ['Read more', 'RUNNING', 60],
      ['Task completed successfully.', 'COMPLETE', 100],
    ]);
    const result = await ask('GET', `/api/tasks/${id}/result`);
    expect(await json<object>(result)).toMatchObject({ result: { findings: 'Better findings.' } });
  });

  test('terminated or timed out from the CLI is ERROR', async () => {
    stage.world.openai.script({ tokens: 400, tokenMs: 20, times: Infinity });
    const id = await stage.make('Terminated');
    await becomes(id, 'RUNNING');
    await temporal('workflow', 'terminate', '--workflow-id', id);
    await becomes(id, 'ERROR');
    expect(await stage.status(id)).toMatchObject({ message: 'Task failed with error: terminated', progress: 0 });
    const answer = await ask('GET', `/api/tasks/${id}/result`);
    expect([answer.status, await json<object>(answer)]).toMatchObject([409, { status: 'ERROR', error: 'terminated' }]);

    const late = `late-${randomUUID()}`;
    const what = ['--type', 'research_company', '--task-queue', stage.world.taskQueue, '--workflow-id', late];
    await temporal('workflow', 'start', ...what, '--input', '{"company": "Late"}', '--execution-timeout', '2s');
    await becomes(late, 'ERROR');
    expect(await stage.status(late)).toMatchObject({ message: 'Task failed with error: timed out' });
  });

  test('that begins with a question is WAITING, and its log only grows when it is answered', async () => {
    const id = await stage.api.start('asks', { topic: 'Forks' });
    await becomes(id, 'WAITING');
    const before = await stage.detail(id);
    expect(said(before).map(([message]) => message)).toEqual(['Waiting to start.', 'Task started.']);
    const [wait] = (await read(stage.api, id)).waiting_for;
    await postTo(stage.api, `/api/runs/${id}/answer`, { waiting_id: wait?.waiting_id, value: 'dry' });
    await expect.poll(async () => (await read(stage.api, id)).metrics?.steps_count, { timeout: 20_000 }).toBe(2);
    expect((await stage.detail(id)).logs.slice(0, 2)).toEqual(before.logs);
    await postTo(stage.api, `/api/runs/${id}/cancel`);
    await becomes(id, 'CANCELED');
  });

  test('of turns that are used up, without recovery, is ERROR', async () => {
    stage.world.openai.script({ ...report('Still reading', 5), times: Infinity });
    const id = await stage.api.start('research_company', { company: 'Endless', max_turns: 2, recovery: false });
    await becomes(id, 'ERROR');
    expect((await stage.status(id)).message).toMatch(
      /^Task failed with error: The agent had no findings after 2 turns/,
    );
  });
});

describe('a WebSocket', () => {
  test('hears every change, and something every second, to the end; then it is closed normally', async () => {
    const { openai } = stage.world;
    openai.script(report('Reading', 20));
    openai.script({ calls: [...report('Writing', 60).calls, ...report('Checking', 70).calls] });
    openai.script({ tokens: 150, tokenMs: 20 });
    const id = await stage.make('Heard');
    const { messages, code } = await heardBy(stage.socket(id));
    expect(code).toBe(1000);
    const changes = messages.filter((message, i) => JSON.stringify(message) !== JSON.stringify(messages[i - 1]));
    const { logs } = await stage.detail(id);
    expect(changes).toEqual(logs.map(({ message, status, progress }) => ({ message, status, progress })));
    expect(changes.slice(0, 3)).toEqual([
      { status: 'QUEUED', progress: 0, message: 'Waiting to start.' },
      { status: 'RUNNING', progress: 0, message: 'Task started.' },
      { status: 'RUNNING', progress: 20, message: 'Reading' },
    ]);
    // The last step takes three seconds, or longer.
    expect(messages.length).toBeGreaterThanOrEqual(changes.length + 2);
  });

  test('that comes late hears all of it, and one of a paused task hears that', async () => {
    stage.world.openai.script({ tokens: 4000, tokenMs: 20 });
    const id = await stage.make('Late');
    await becomes(id, 'RUNNING');
    await postTo(stage.api, `/api/runs/${id}/pause`, { mode: 'now' });
    await becomes(id, 'PAUSED');
    const socket = stage.socket(id);
    const early = heardBy(socket);
    const told: string[] = [];
    socket.on('message', (data: Buffer) => void told.push(data.toString()));
    await expect.poll(() => told.at(-1) ?? '', { timeout: 20_000 }).toContain('PAUSED');
    await postTo(stage.api, `/api/runs/${id}/cancel`);
    expect(new Set((await early).messages.map(({ status }) => status))).toEqual(
      new Set(['QUEUED', 'RUNNING', 'PAUSED', 'CANCELED']),
    );
    const late = await heardBy(stage.socket(id));
    expect(late).toMatchObject({
      code: 1000,
      messages: [{ status: 'QUEUED' }, { status: 'RUNNING' }, { status: 'CANCELED', message: 'Canceled on request.' }],
    });
  });

  test('of an unknown task is told so, and closed', async () => {
    for (const id of ['nonexistent', randomUUID(), '%00', 'x'.repeat(3000)]) {
      const heard = await heardBy(stage.socket(id));
      expect(heard).toMatchObject({ messages: [{ error: 'Task not found' }], code: 1000 });
    }
    const plain = await ask('GET', '/api/ws/tasks/nonexistent');
    expect(plain.status).toBe(426);
    expect(await json<object>(plain)).toMatchObject({ error: expect.any(String), agent_id: 'nonexistent' });
  });

  test('that leaves is forgotten, and so is the task when the last one has left', async () => {
    stage.world.openai.script({ tokens: 4000, tokenMs: 20 });
    const id = await stage.make('Abandoned');
    const sockets = Array.from({ length: 20 }, () => stage.socket(id));
    await Promise.all(sockets.map((socket) => once(socket, 'message')));
    await expect.poll(() => stage.api.deps.streams.tails(), { timeout: 20_000 }).toBeGreaterThan(0);
    for (const socket of sockets) socket.terminate();
    await expect.poll(() => stage.api.deps.streams.tails(), { timeout: 20_000 }).toBe(0);
    await postTo(stage.api, `/api/runs/${id}/cancel`);
    await becomes(id, 'CANCELED');
  });
});
