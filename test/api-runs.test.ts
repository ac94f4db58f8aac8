// Runs over HTTP with a worker: started, read, waited for, deleted.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { join } from 'node:path';
import type { z } from '@hono/zod-openapi';
import type { outcome, runList, started } from '../api/runs/shape.ts';
import { attributes } from '../workflows/runtime/messages.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { defaultAnswer } from './openai.ts';
import { openWorld, type World } from './world.ts';

type RunList = z.infer<typeof runList>;
type StartedRun = z.infer<typeof started>;
type Outcome = z.infer<typeof outcome>;

let world: World;
let api: ApiStage;
beforeAll(async () => {
  world = await openWorld();
  api = await openApiStage(world);
});
afterAll(async () => {
  await api.close();
  await world.close();
});
beforeEach(() => world.openai.reset());

const question = (content: string) => ({ messages: [{ role: 'user', content }] });

test('a run is accepted with its address and can be read to its end', async () => {
  const answer = await api.ask('POST', '/api/workflows/simple/runs', {
    input: question('What is\na fork?'),
    tags: ['a', 'b', 'a'],
    metadata: { ticket: 7 },
    priority: 'high',
  });
  expect(answer.status).toBe(202);
  const { run_id: id, status } = await json<{ run_id: string; status: string }>(answer);
  expect(status).toBe('queued');
  expect(answer.headers.get('location')).toBe(`/api/runs/${id}`);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
  const run = await api.until(id, (run) => run.status === 'completed');
  expect(run).toMatchObject({
    id,
    workflow: 'simple',
    agent_id: null,
    input_query: 'What is\na fork?',
    tags: ['a', 'b'],
    metadata: { ticket: 7 },
    error: null,
    problem: null,
    stopping: false,
    waiting_for: [],
    lineage: { forked_from: null, checkpoint_id: null, root: id, description: null },
    steps: [{ name: 'start', status: 'completed', step_num: 1 }],
    timelines: [{ ordinal: 1, opening: 'started' }],
  });
  expect(run.response_content).toBe(defaultAnswer('What is\na fork?'));
  expect(run.metrics?.total_tokens).toBeGreaterThan(0);
  expect(run.usage.waste.input_tokens).toBe(0);
  expect(run.temporal_ui).toContain(`/namespaces/default/workflows/${id}/`);
  for (const time of [run.created_at, run.started_at, run.completed_at]) expect(time).toMatch(/^20.*Z$/);
});

test('an accepted run is in the Temporal Web UI by its question, and in lists by its labels', async () => {
  const id = await api.start('simple', question('Which way to the sea?'), {
    tags: ['it\'s "odd" \\ 50%'],
    run_id: `at sea ${Date.now()} ü/ä?`,
  });
  const description = await api.client.workflow.getHandle(id).describe();
  expect(await description.staticSummary()).toBe('Which way to the sea?');
  expect(await description.staticDetails()).toContain('`simple`');
  await api.until(id, (run) => run.status === 'completed');
  const listed = async () =>
    (await json<RunList>(await api.ask('GET', `/api/runs?tag=${encodeURIComponent('it\'s "odd" \\ 50%')}`))).items;
  await expect.poll(async () => (await listed()).map((row) => row.status), { timeout: 5000 }).toEqual(['completed']);
  const [row] = await listed();
  expect(row).toMatchObject({
    id,
    input_query: 'Which way to the sea?',
    response_content: defaultAnswer('Which way to the sea?'),
    metrics: { steps_count: 1 },
    tags: ['it\'s "odd" \\ 50%'],
  });
});

test('a run_id that is taken is refused, whatever it is taken by', async () => {
  const id = `taken-${Date.now()}`;
  await api.start('simple', question('one'), { run_id: id });
  const again = await api.ask('POST', '/api/workflows/simple/runs', { input: question('one'), run_id: id });
  expect(again.status).toBe(409);
  expect(await json(again)).toMatchObject({ type: 'run_id_taken' });
});

test('twenty requests at once with one Idempotency-Key are one run, and another body under it is refused', async () => {
  const key = `key-${Date.now()}`;
  const body = { input: question('only once'), tags: ['x'], metadata: { a: 1, b: { c: 2 } } };
  const same = { metadata: { b: { c: 2 }, a: 1 }, tags: ['x'], input: question('only once'), ignored: true };
  const post = (what: object) => api.ask('POST', '/api/workflows/simple/runs', what, { 'idempotency-key': key });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => post(i % 2 ? body : same)));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(202));
  const ids = new Set(
    await Promise.all(answers.map(async (answer) => (await json<{ run_id: string }>(answer)).run_id)),
  );
  expect(ids.size).toBe(1);
  const [id] = ids;
  await api.until(id!, (run) => run.status === 'completed');
  expect(world.openai.matching('only once')).toHaveLength(1);
  expect(await json<StartedRun>(await post(body))).toMatchObject({ run_id: id, status: 'completed' });
  const other = await post({ ...body, tags: ['y'] });
  expect(other.status).toBe(409);
  expect(await json(other)).toMatchObject({ type: 'idempotency_key_reused' });
  const otherWorkflow = await api.ask(
    'POST',
    '/api/workflows/six/runs',
    { input: { topic: 'x' } },
    { 'idempotency-key': key },
  );
  expect(otherWorkflow.status).toBe(409);
});

test('the result is waited for and comes the moment the run ends; an open run is 408 after the time', async () => {
  world.openai.script({ match: 'slowly', tokens: 30, tokenMs: 50 });
  const id = await api.start('simple', question('slowly'));
  const early = await api.ask('GET', `/api/runs/${id}/result?timeout=1`);
  expect(early.status).toBe(408);
  expect(await json(early)).toMatchObject({ type: 'not_ended' });
  const answer = await api.ask('GET', `/api/runs/${id}/result?timeout=60`);
  expect(answer.status).toBe(200);
  const ended = await json<Outcome>(answer);
  expect(ended).toMatchObject({ run_id: id, status: 'completed', error: null });
  const { completed_at } = await api.until(id, (run) => run.status === 'completed');
  expect(Date.now() - Date.parse(completed_at!)).toBeLessThan(2000);
});

test('a run that failed, was terminated or timed out reads failed with the reason, also as its result', async () => {
  world.openai.script({ match: 'refuse this', fault: { status: 400 } });
  const failed = await api.start('simple', question('refuse this'));
  const run = await api.until(failed, ({ status }) => status === 'failed');
  expect(run.error).toMatchObject({ type: 'ModelRejected' });
  expect(await json<Outcome>(await api.ask('GET', `/api/runs/${failed}/result`))).toMatchObject({
    status: 'failed',
    result: null,
    error: run.error,
  });

  const terminated = await api.start('asks', { topic: 'x' });
  await api.client.workflow.getHandle(terminated).terminate('by hand');
  expect(await api.until(terminated, ({ status }) => status === 'failed')).toMatchObject({
    error: { type: 'terminated' },
  });

  const late = await api.client.workflow.start('asks', {
    taskQueue: world.taskQueue,
    workflowId: `late-${Date.now()}`,
    args: [{ topic: 'x' }],
    workflowExecutionTimeout: '1s',
  });
  expect(await api.until(late.workflowId, ({ status }) => status === 'failed')).toMatchObject({
    error: { type: 'timed_out' },
  });
});

test('an ended run is deleted with all that Temporal knows of it; an open one is not', async () => {
  const open = await api.start('asks', { topic: 'open' });
  const refused = await api.ask('DELETE', `/api/runs/${open}`);
  expect(refused.status).toBe(409);
  expect(await json(refused)).toMatchObject({ type: 'run_open' });

  const id = await api.start('simple', question('to be deleted'), { tags: [`gone-${open}`] });
  await api.until(id, ({ status }) => status === 'completed');
  const deleted = await api.ask('DELETE', `/api/runs/${id}`);
  expect(deleted.status).toBe(204);
  expect(await deleted.text()).toBe('');
  expect((await api.ask('GET', `/api/runs/${id}`)).status).toBe(404);
  expect((await api.ask('DELETE', `/api/runs/${id}`)).status).toBe(404);
  const listed = async () => (await json<RunList>(await api.ask('GET', `/api/runs?tag=gone-${open}`))).total;
  await expect.poll(listed, { timeout: 5000 }).toBe(0);
});

test('a run whose stored input is lost is read all the same, and says so', async () => {
  const id = await api.start('simple', question('long '.repeat(10_000)));
  await api.until(id, ({ status }) => status === 'completed');
  const lost = await openApiStage({ ...world, data: join(world.data, 'another') });
  expect(await lost.until(id, () => true)).toMatchObject({
    status: 'completed',
    input: null,
    input_query: expect.stringMatching(/^long long .*…$/),
    problem: { type: 'stored_payload_missing' },
  });
  await lost.close();
});

test('ids of definitions, sessions and checks are no runs, nor is a workflow that is not of the catalogue', async () => {
  for (const kind of ['definition', 'session', 'check', undefined]) {
    const { workflowId: id } = await api.client.workflow.start('something', {
      taskQueue: 'nobody',
      workflowId: `${kind}-${Date.now()}`,
      args: [],
      typedSearchAttributes: kind === undefined ? [] : [{ key: attributes.Kind, value: kind }],
    });
    const not_found = { type: 'run_not_found', detail: `Run '${id}' not found` };
    for (const path of ['', '/events', '/result'])
      expect(await json(await api.ask('GET', `/api/runs/${id}${path}`))).toMatchObject(not_found);
    expect((await api.ask('DELETE', `/api/runs/${id}`)).status).toBe(404);
    const paused = await api.ask('POST', `/api/runs/${id}/pause`);
    expect(paused.status).toBe(400);
    expect((await json(paused)).detail).toBe(`Cannot pause run '${id}': Run '${id}' not found`);
    await api.client.workflow.getHandle(id).terminate();
  }
});

test('a run that was begun past the API is a run like others', async () => {
  const run = await world.start('simple', question('from the command line'), 'any "text" is an id \u{1F600}');
  const read = await api.until(run.workflowId, ({ status }) => status === 'completed');
  expect(read).toMatchObject({ id: run.workflowId, input_query: 'from the command line' });
});
