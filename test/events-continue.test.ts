// The stream of a run that continues as new by itself: one run, one story, whatever its timelines are.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckpointAnswer, CheckpointList } from '../api/runs/checkpoint-shape.ts';
import type { Streams } from '../api/events/streams.ts';
import type { ServerProcess } from '../temporal/server.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { durable, newClient, read, repeatedIds } from './events-client.ts';
import { fork } from './forks.ts';
import { startShortServer } from './short-server.ts';
import { createWorking } from './working.ts';
import { openWorld, type World } from './world.ts';

let server: ServerProcess;
let world: World;
let api: ApiStage;
let streams: Streams;

beforeAll(async () => {
  server = await startShortServer(60);
  world = await openWorld({ activities: createWorking().activities, address: server.address });
  api = await openApiStage(world, { address: server.address });
  ({ streams } = api.deps);
}, 120_000);
afterAll(async () => {
  await api.close();
  await world.close();
  await server.stop();
});

const chain = (steps: number, ms = 0): Promise<WorkflowHandle> =>
  world.client.workflow.start('chain', { taskQueue: world.taskQueue, workflowId: randomUUID(), args: [steps, ms] });

const numbers = (client: ReturnType<typeof newClient>) =>
  client.frames.flatMap((frame) => (frame.type === 'step_completed' ? [frame.data.step_num] : []));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

test('a run that continued by itself reads as one: started once, each step once, one end', async () => {
  const run = await chain(60, 5);
  const [live, late] = [newClient(), newClient()];
  await read(streams, run.workflowId, live);
  const other = await openApiStage(world, { address: server.address });
  await read(other.deps.streams, run.workflowId, late);
  expect(durable(late)).toEqual(durable(live));
  expect(numbers(live)).toEqual(upTo(60));
  expect(live.frames.filter(({ type }) => type === 'run_started')).toHaveLength(1);
  expect(live.frames).toHaveLength(1 + 2 * 60 + 1);
  expect(repeatedIds(live)).toBe(0);
  const view = await streams.view(run.workflowId);
  expect(view.steps.map(({ step }) => step)).toEqual(upTo(60).map(String));
  expect(view.steps.some(({ inherited }) => inherited)).toBe(false);
  expect(view.timelines.map(({ opening }) => opening)).toEqual([
    'started',
    ...Array.from({ length: view.timelines.length - 1 }, () => 'continued'),
  ]);
  expect(view.timelines.length).toBeGreaterThan(3);
  for (const frame of live.frames.filter((_, i) => i % 10 === 0)) {
    const rest = newClient();
    rest.lastId = frame.id;
    await read(other.deps.streams, run.workflowId, rest);
    expect(rest.frames.length).toBe(live.frames.length - 1 - live.frames.indexOf(frame));
  }
  await other.close();
});

test('a fork of a run that continued has its steps, and continues itself', async () => {
  const run = await chain(40);
  await run.result();
  const { steps, timelines } = await streams.view(run.workflowId);
  const source = { run: run.workflowId, timeline: timelines.at(-1)!.timeline };
  const forked = await fork(world, { type: 'chain', args: [80], source, ...steps[29]!.checkpoint! });
  const client = newClient();
  await read(streams, forked.workflowId, client);
  expect(numbers(client)).toEqual(upTo(80));
  const view = await streams.view(forked.workflowId);
  expect(view.steps.filter(({ inherited }) => inherited)).toHaveLength(30);
  expect(view.timelines.length).toBeGreaterThan(1);
});

test('when its beginning is no longer kept, the journal tells it, after history_expired; older ids are 410', async () => {
  const run = await chain(60, 20);
  const old = newClient();
  await read(streams, run.workflowId, old, 4);
  await run.result();
  const whole = await streams.view(run.workflowId);
  const gone = whole.timelines.slice(0, 2).map(({ timeline }) => timeline);
  for (const runId of gone)
    await world.client.workflowService.deleteWorkflowExecution({
      namespace: world.client.options.namespace,
      workflowExecution: { workflowId: run.workflowId, runId },
    });
  for (const timeline of gone) await untilGone(run.workflowId, timeline);
  const client = newClient();
  await read(streams, run.workflowId, client);
  expect(client.frames.slice(0, 3).map(({ type }) => type)).toEqual(['history_expired', 'run_started', 'step_started']);
  expect(numbers(client)).toEqual(upTo(60));
  expect(repeatedIds(client)).toBe(0);
  const view = await streams.view(run.workflowId);
  expect(view.steps.map(({ checkpoint }) => checkpoint)).toEqual(whole.steps.map(({ checkpoint }) => checkpoint));
  expect(view.steps.some(({ inherited }) => inherited)).toBe(false);
  expect(view.usage).toEqual(whole.usage);
  await expect(streams.subscribe(run.workflowId, old.lastId)).rejects.toMatchObject({ status: 410 });
}, 90_000);

async function untilGone(run: string, timeline: string): Promise<void> {
  const isThere = () =>
    world.client.workflow
      .getHandle(run, timeline)
      .fetchHistory()
      .then(
        () => true,
        () => false,
      );
  while (await isThere()) await sleep(100);
}

test('its checkpoints are listed once each, over all timelines, and each reads as it is listed', async () => {
  const run = await chain(60, 5);
  await run.result();
  const answer = await api.ask('GET', `/api/runs/${run.workflowId}/checkpoints?limit=100`);
  const { items } = await json<CheckpointList>(answer);
  expect(items.map(({ step_num }) => step_num)).toEqual(upTo(60));
  for (const { id, step_num, description, created_at, message_count } of items.filter((_, i) => i % 7 === 0)) {
    const { messages, ...one } = await json<CheckpointAnswer>(await api.ask('GET', `/api/checkpoints/${id}`));
    expect(one).toMatchObject({ id, step_num, description, created_at });
    expect(messages).toHaveLength(message_count);
  }
});
