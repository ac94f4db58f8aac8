// Runs of more than one timeline: continue-as-new, native resets, and ids that outlive them or do not.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StreamIdError } from '../api/events/errors.ts';
import { eventIds, timelineEnd } from '../api/events/id.ts';
import { durable, newClient, read, repeatedIds, take, until } from './events-client.ts';
import { openStage, type Stage } from './events-stage.ts';
import type { Act } from './workflows/events-acts.ts';

let stage: Stage;
beforeAll(async () => void (stage = await openStage()), 120_000);
afterAll(() => stage.close());

const text = 'of many words '.repeat(20);
const speech: Act = { act: 'say', name: 'speech', text, pieceMs: 3 };
const idle: Act = { act: 'idle', name: 'idle', times: 2 };

/** The first workflow task that ended after the first `steps` steps, once it has. */
async function taskAfter(run: string, steps: number, timeline?: string) {
  const handle = stage.client.workflow.getHandle(run, timeline);
  for (;;) {
    const { events } = await handle.fetchHistory();
    const done = events?.filter((event) => event.activityTaskCompletedEventAttributes)[steps - 1];
    const later = events?.filter(({ eventId }) => Number(eventId) > Number(done?.eventId));
    const task = later?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
    if (task) return task;
    await sleep(20);
  }
}

/** Resets to that task. Returns the new timeline. */
async function reset(run: string, steps: number, timeline?: string): Promise<string> {
  const workflowTaskFinishEventId = await taskAfter(run, steps, timeline);
  const { runId } = await stage.client.workflowService.resetWorkflowExecution({
    namespace: stage.client.options.namespace,
    workflowExecution: { workflowId: run, runId: timeline },
    reason: 'taken back',
    requestId: randomUUID(),
    workflowTaskFinishEventId,
  });
  return runId;
}

const types = (client: ReturnType<typeof newClient>) =>
  client.frames.map(({ type }) => type).filter((type) => type !== 'content_delta');

test('a run that continues as new is one stream: started once, steps counted on, one end', async () => {
  const { streams } = await stage.api();
  const run = await stage.start([idle, speech, { act: 'goOn' }, idle, { act: 'goOn' }, speech]);
  const clients = [newClient(), newClient()] as const;
  await read(streams, run.workflowId, clients[0]);
  await read(streams, run.workflowId, clients[1]);
  expect(durable(clients[0])).toEqual(durable(clients[1]));
  const [client] = clients;
  expect(types(client).filter((type) => type === 'run_started')).toHaveLength(1);
  expect(types(client).filter((type) => type === 'run_completed')).toHaveLength(1);
  const counted = client.frames.flatMap((frame) => (frame.type === 'step_completed' ? [frame.data.step_num] : []));
  expect(counted).toEqual([1, 2, 3, 4, 5, 6]);
  expect(repeatedIds(client)).toBe(0);
  const view = await streams.view(run.workflowId);
  expect(view.timelines.map(({ opening }) => opening)).toEqual(['started', 'continued', 'continued']);
  expect(view.steps.map(({ timeline }) => timeline)).toEqual([1, 1, 1, 2, 2, 3]);
  expect(view.usage.output_tokens).toBe(2 * text.length);
});

test('a live subscriber of a run that is reset gets run_rewound and goes on with the new timeline', async () => {
  const [one, other] = [await stage.api(), await stage.api({ hub: undefined })];
  const run = await stage.start([idle, { act: 'hold' }, speech]);
  const client = newClient();
  const reading = read(one.streams, run.workflowId, client);
  await run.signal('go');
  await until(() => client.texts.size > 0);
  await reset(run.workflowId, 2);
  await until(() => types(client).includes('run_rewound'));
  await run.signal('go');
  await reading;
  expect(types(client)).toEqual([
    'run_started',
    'step_started',
    'step_completed',
    'step_started',
    'step_completed',
    'step_started',
    'run_rewound',
    'step_started',
    'step_completed',
    'run_completed',
  ]);
  expect(client.frames.find(({ type }) => type === 'run_rewound')?.data).toMatchObject({ steps_kept: 2 });
  expect(client.finished.at(-1)).toEqual({ step: '3', text, stored: text });
  expect(repeatedIds(client)).toBe(0);
  const late = newClient();
  await read(other.streams, run.workflowId, late);
  expect(durable(late)).toEqual(durable(client));
  const view = await other.streams.view(run.workflowId);
  expect(view.steps.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
  expect(view.timelines.map(({ opening }) => opening)).toEqual(['started', 'rewound']);
  expect(view.usage.output_tokens).toBe(text.length);
});

test('a run that is reset after its end goes on for who comes back with its last id', async () => {
  const { streams } = await stage.api();
  const run = await stage.start([idle, speech]);
  const client = newClient();
  await read(streams, run.workflowId, client);
  expect(client.over).toBe(true);
  await reset(run.workflowId, 1);
  client.over = false;
  await read(streams, run.workflowId, client);
  expect(types(client).slice(-6)).toEqual([
    'run_rewound',
    'step_started',
    'step_completed',
    'step_started',
    'step_completed',
    'run_completed',
  ]);
  const late = newClient();
  await read(streams, run.workflowId, late);
  expect(types(late).filter((type) => type === 'run_completed' || type === 'run_rewound')).toEqual([
    'run_rewound',
    'run_completed',
  ]);
  const view = await streams.view(run.workflowId);
  expect(view.usage.output_tokens).toBe(text.length);
  expect(view.waste.output_tokens).toBe(text.length);
});

test('a reset of an older timeline while the newer one runs takes its subscribers along', async () => {
  const { streams } = await stage.api();
  const run = await stage.start([idle, { act: 'hold' }, idle]);
  const client = newClient();
  const reading = read(streams, run.workflowId, client);
  await until(() => client.finished.length === 2);
  const { runId: first } = await run.describe();
  // A reset ends this timeline: what it is to be reset to once more must be in it before.
  await taskAfter(run.workflowId, 2, first);
  await reset(run.workflowId, 1);
  await until(() => types(client).filter((type) => type === 'run_rewound').length === 1);
  await reset(run.workflowId, 2, first);
  await until(() => types(client).filter((type) => type === 'run_rewound').length === 2);
  await run.signal('go');
  await reading;
  expect(client.over).toBe(true);
  expect(repeatedIds(client)).toBe(0);
  const late = newClient();
  await read(streams, run.workflowId, late);
  expect(types(late).filter((type) => type === 'run_rewound')).toHaveLength(1);
  expect(types(late).slice(-3)).toEqual(types(client).slice(-3));
});

test('a wait for the result goes on over continue-as-new and a reset, to the end of the last timeline', async () => {
  const { streams } = await stage.api();
  const continued = await stage.start([{ act: 'hold' }, { act: 'goOn' }, idle, { act: 'goOn' }, speech]);
  const rewound = await stage.start([idle, { act: 'hold' }, speech]);
  const waiting = Promise.all([
    streams.result(continued.workflowId, 30_000),
    streams.result(rewound.workflowId, 30_000),
  ]);
  await continued.signal('go');
  await rewound.signal('go');
  await reset(rewound.workflowId, 2);
  const [last, again] = await waiting;
  expect(last).toMatchObject({ kind: 'ended', view: { status: 'completed', result: text } });
  expect(again).toMatchObject({ kind: 'ended', view: { status: 'completed', result: text } });
  const openings = (outcome: typeof last) =>
    outcome.kind === 'ended' ? outcome.view.timelines.map(({ opening }) => opening) : [];
  expect(openings(last)).toEqual(['started', 'continued', 'continued']);
  expect(openings(again)).toEqual(['started', 'rewound']);
});

test('a wait for the result of a terminated run ends with it, whoever takes its id then', async () => {
  const { streams } = await stage.api();
  const run = await stage.start([{ act: 'hold' }]);
  const waiting = streams.result(run.workflowId, 30_000);
  await sleep(300);
  await run.terminate('to make room');
  await stage.start([idle], run.workflowId);
  await expect(waiting).resolves.toMatchObject({ kind: 'ended', view: { status: 'failed' } });
});

test('another execution under the same id has nothing to do with the run being watched', async () => {
  const { streams } = await stage.api();
  const run = await stage.start([{ act: 'hold' }]);
  const client = newClient();
  const reading = read(streams, run.workflowId, client);
  await until(() => client.frames.length > 0);
  await run.terminate('to make room');
  await stage.start([idle], run.workflowId);
  await reading;
  expect(client.frames.at(-1)).toMatchObject({
    type: 'run_failed',
    data: { error: { type: 'terminated', message: 'terminated' } },
  });
});

test('ids: of another run 404, cut or made up 400, of an event that is no longer there 410, each with what to do', async () => {
  const { streams } = await stage.api();
  const [run, other] = [await stage.start([idle]), await stage.start([idle])];
  const [client, foreign] = [newClient(), newClient()];
  await read(streams, run.workflowId, client);
  await read(streams, other.workflowId, foreign);
  const id = client.frames[2]!.id;
  const of = async (lastId: string) => {
    try {
      (await streams.subscribe(run.workflowId, lastId)).close();
      return 'accepted';
    } catch (error) {
      return error instanceof StreamIdError && error.detail.includes('last_event_id') ? error.status : error;
    }
  };
  expect(await of(id)).toBe('accepted');
  expect(await of(foreign.frames[2]!.id)).toBe(404);
  for (const garbage of ['', 'x', 'null', '42', `${id}x`, id.slice(0, -1), id.slice(4), `${id} `, '🙂'])
    expect([garbage, await of(garbage)]).toEqual([garbage, 400]);
  const ids = eventIds(run.workflowId);
  const place = ids.read(id);
  expect(ids.write(place)).toBe(id);
  expect(await of(ids.write({ ...place, event: 4_000 }))).toBe(410);
  expect(await of(ids.write({ ...place, index: 7 }))).toBe(410);
  expect(await of(ids.write({ ...place, timelineEnd: timelineEnd(randomUUID()) }))).toBe(410);
  expect(streams.tails()).toBe(0);
});

test('of a run whose beginning is no longer kept, the stream starts with history_expired and old ids are 410', async () => {
  const { streams } = await stage.api();
  const run = await stage.start([idle, { act: 'goOn' }, { act: 'hold' }]);
  const timelines = async () => (await streams.view(run.workflowId)).timelines.length;
  await expect.poll(timelines).toBe(2);
  const subscription = await streams.subscribe(run.workflowId);
  const old = newClient();
  for await (const frame of subscription) {
    take(old, frame);
    break;
  }
  subscription.close();
  const [first] = (await streams.view(run.workflowId)).timelines;
  const execution = { workflowId: run.workflowId, runId: first!.timeline };
  await stage.client.workflowService.deleteWorkflowExecution({
    namespace: stage.client.options.namespace,
    workflowExecution: execution,
  });
  const fresh = await stage.api();
  await untilGone(execution.runId, run.workflowId);
  const page = await fresh.streams.page(run.workflowId, 0, 10);
  expect(page.events.map(({ type }) => type).slice(0, 2)).toEqual(['history_expired', 'run_started']);
  await expect(fresh.streams.subscribe(run.workflowId, old.lastId)).rejects.toMatchObject({ status: 410 });
  await run.signal('go');
});

async function untilGone(timeline: string, run: string): Promise<void> {
  const handle = stage.client.workflow.getHandle(run, timeline);
  for (;;) {
    try {
      await handle.fetchHistory();
      await sleep(50);
    } catch {
      return;
    }
  }
}
