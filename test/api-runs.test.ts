// Runs over HTTP with a worker: started, read, waited for, deleted.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { defaultAnswer } from './openai.ts';
import { openWorld, type World } from './world.ts';

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
    lineage: { forked_from: null, root: id },
    steps: [{ name: 'start', status: 'completed', step_num: 1 }],
    timelines: [{ ordinal: 1, opening: 'started' }],
  });
  expect(run.response_content).toBe(defaultAnswer('What is\na fork?'));
  expect(run.metrics?.total_tokens).toBeGreaterThan(0);
  expect(run.usage.waste.input_tokens).toBe(0);
  expect(run.temporal_ui).toContain(`/namespaces/default/workflows/${id}/`);
  for (const time of [run.created_at, run.started_at, run.completed_at]) expect(time).toMatch(/^20.*Z$/);
});
