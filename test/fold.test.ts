// What a view tells of a run, from its history alone, and that no history, however odd, is too odd to be folded.
import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode } from '../api/events/decode/decode.ts';
import { RunNotFound } from '../api/events/errors.ts';
import { createFold } from '../api/events/fold.ts';
import { createHistory, type HistoryEvent } from '../api/events/history.ts';
import { emptyStory } from '../api/events/story.ts';
import type { Streams } from '../api/events/streams.ts';
import type { RunView } from '../api/events/view.ts';
import { newClient, read, until } from './events-client.ts';
import { openStage, type Stage } from './events-stage.ts';
import type { Act } from './workflows/events-acts.ts';

let stage: Stage;
let streams: Streams;
/** The histories of all runs of this file, for the last test. */
const histories: HistoryEvent[][] = [];

beforeAll(async () => {
  stage = await openStage();
  ({ streams } = await stage.api());
}, 120_000);
afterAll(() => stage.close());

async function viewed(run: string): Promise<RunView> {
  const { events } = await stage.client.workflow.getHandle(run).fetchHistory();
  histories.push(events ?? []);
  return await streams.view(run);
}

const where = { ordinal: 1, timeline: 't', ordinalOf: () => 1 };

/** A stored value's size includes its few bytes of metadata. */
const aboutBytes = (size: number): unknown => expect.closeTo(size, -2);

const say = (text: string, more: Partial<Extract<Act, { act: 'say' }>> = {}): Act => ({
  act: 'say',
  name: 'speech',
  text,
  pieceMs: 1,
  ...more,
});

test('a completed run: input, result, steps in order of completion, usage, metrics, response', async () => {
  const script: Act[] = [
    { act: 'idle', name: 'look', times: 1, bytes: 5 },
    say('Once upon a time.'),
    { act: 'nap', ms: 5 },
  ];
  const run = await stage.start(script);
  await run.result();
  const view = await viewed(run.workflowId);
  expect(view).toMatchObject({
    run_id: run.workflowId,
    workflow: 'acts',
    status: 'completed',
    state: 'running',
    session_id: null,
    input: script,
    result: 'Once upon a time.',
    response: 'Once upon a time.',
    error: null,
    problem: null,
    usage: { input_tokens: 10, output_tokens: 17, cost_usd: 0.5, estimated: false },
    waste: { input_tokens: 0, output_tokens: 0, cost_usd: 0 },
    metrics: { total_tokens: 27, prompt_tokens: 10, completion_tokens: 17, steps_count: 2, tool_calls_count: 0 },
  });
  expect(view.steps).toMatchObject([
    {
      step: '1',
      round: 0,
      attempt: 1,
      name: 'look',
      activity: 'idle',
      status: 'completed',
      step_num: 1,
      input: 5,
      result: 'xxxxx',
      kind: 'activity',
      timeline: 1,
    },
    { step: '2', name: 'speech', activity: 'speak', status: 'completed', step_num: 2, usage: { output_tokens: 17 } },
  ]);
  expect(view.metrics.duration).toBeGreaterThan(0);
  expect(Date.parse(view.completed_at!)).toBeGreaterThanOrEqual(Date.parse(view.created_at));
});

test('what attempts spent in vain is waste, each token once', async () => {
  const text = 'the answer in the end';
  const dies = [
    { text: 'x'.repeat(40), until: 40 },
    { text: 'y'.repeat(30), until: 30 },
  ];
  const run = await stage.start([say(text, { dies })]);
  await run.result();
  const view = await viewed(run.workflowId);
  expect(view.usage.output_tokens).toBe(text.length);
  expect(view.waste).toMatchObject({ output_tokens: 70, input_tokens: 20, estimated: true });
  expect(view.waste.cost_usd).toBeCloseTo(0.07);
  const state: unknown = await run.query('state');
  expect(state).toMatchObject({ usage: view.usage, waste: view.waste });
});

test('a run that waits for a person is `waiting`, says what for, and the wait is a step with the answer as its result', async () => {
  const run = await stage.start([{ act: 'ask', name: 'tone' }]);
  const client = newClient();
  const reading = read(streams, run.workflowId, client);
  await until(() => client.frames.some(({ type }) => type === 'run_waiting'));
  const open = await viewed(run.workflowId);
  expect(open).toMatchObject({
    status: 'waiting',
    waiting_for: [{ waiting_id: 'tone-1', name: 'tone', kind: 'question', question: 'Well?' }],
    steps: [{ step: 'tone-1', kind: 'wait', activity: null, status: 'scheduled', step_num: null }],
  });
  await run.signal('answer', { waiting_id: 'no-such', value: 'of nothing' });
  await run.executeUpdate('answer', { args: [{ waiting_id: 'tone-1', value: { warm: true } }] });
  await reading;
  expect(client.frames.map(({ type }) => type)).toEqual([
    'run_started',
    'step_started',
    'run_waiting',
    'step_completed',
    'run_resumed',
    'run_completed',
  ]);
  const view = await viewed(run.workflowId);
  expect(view).toMatchObject({
    status: 'completed',
    waiting_for: [],
    result: { warm: true },
    steps: [{ kind: 'wait', status: 'completed', step_num: 1, result: { warm: true } }],
  });
});

test('the checkpoint of a step is the event that completed it: of a wait, the signal or the update that answered it', async () => {
  const run = await stage.start([
    { act: 'idle', name: 'look', times: 1 },
    { act: 'ask', name: 'tone' },
    { act: 'ask', name: 'size' },
  ]);
  const waits = async (name: string) => {
    while ((await streams.view(run.workflowId)).waiting_for[0]?.name !== name) await sleep(20);
  };
  await waits('tone');
  await run.signal('answer', { waiting_id: 'tone-1', value: 'dry' });
  await waits('size');
  expect((await viewed(run.workflowId)).steps.at(-1)).toMatchObject({ name: 'size', checkpoint: null });
  await run.executeUpdate('answer', { args: [{ waiting_id: 'size-2', value: 'small' }] });
  await run.result();
  const { steps, timelines } = await viewed(run.workflowId);
  const found = histories
    .at(-1)!
    .filter(
      (event) =>
        event.activityTaskCompletedEventAttributes ??
        event.workflowExecutionSignaledEventAttributes ??
        event.workflowExecutionUpdateAcceptedEventAttributes,
    );
  const { timeline } = timelines[0]!;
  expect(steps.map(({ checkpoint }) => checkpoint)).toEqual(
    found.map(({ eventId }) => ({ timeline, event: Number(eventId) })),
  );
  expect(found).toHaveLength(3);
});

test('a paused wait: run_paused, then run_resumed, and it still waits', async () => {
  const run = await stage.start([{ act: 'ask', name: 'tone' }]);
  const client = newClient();
  const reading = read(streams, run.workflowId, client);
  const told = (type: string) => until(() => client.frames.at(-1)?.type === type);
  await told('run_waiting');
  await run.signal('pause');
  await told('run_paused');
  expect(await viewed(run.workflowId)).toMatchObject({ status: 'paused', state: 'paused' });
  await run.signal('resume');
  await told('run_waiting');
  expect(client.frames.at(-2)?.type).toBe('run_resumed');
  await run.signal('answer', { waiting_id: 'tone-1', value: 1 });
  await reading;
});

test('a cancelled run keeps the partial text and its cost; the step is cancelled, not failed', async () => {
  const run = await stage.start([say('a long story '.repeat(50), { pieceMs: 10 })]);
  const client = newClient();
  const reading = read(streams, run.workflowId, client);
  await until(() => (client.texts.get('1') ?? '').length > 30);
  await run.cancel();
  await reading;
  const view = await viewed(run.workflowId);
  expect(view).toMatchObject({ status: 'cancelled', result: null, steps: [{ status: 'cancelled', step_num: null }] });
  expect(view.response!.length).toBeGreaterThan(30);
  expect(client.texts.get('1')).toBe(view.response);
  expect(client.frames.slice(-2)).toMatchObject([
    { type: 'step_aborted', data: { name: 'speech' } },
    { type: 'run_cancelled', data: { response: view.response } },
  ]);
  expect(view.waste.output_tokens).toBe(view.response!.length);
});

test('a failed step fails the run with its own type and message', async () => {
  const run = await stage.start([say('no', { fails: true })]);
  const client = newClient();
  await read(streams, run.workflowId, client);
  const error = { type: 'ModelRejected', message: 'The model said no.' };
  expect(client.frames.slice(-2)).toMatchObject([
    { type: 'step_failed', data: { step: '1', name: 'speech', error } },
    { type: 'run_failed', data: { error } },
  ]);
  const view = await viewed(run.workflowId);
  expect(view).toMatchObject({ status: 'failed', error, response: null, steps: [{ status: 'failed', error }] });
  expect(view.waste.output_tokens).toBe(2);
});

test('terminated and timed out runs are failed with that error; what was in flight is cancelled', async () => {
  const run = await stage.start([say('a long story '.repeat(50), { pieceMs: 10 })]);
  await sleep(200);
  await run.terminate('enough');
  expect(await viewed(run.workflowId)).toMatchObject({
    status: 'failed',
    error: { type: 'terminated', message: 'terminated' },
    steps: [{ status: 'cancelled' }],
  });
  const { taskQueue, client } = stage;
  const options = { taskQueue, workflowId: randomUUID(), args: [[{ act: 'hold' }]], workflowRunTimeout: 200 };
  const late = await client.workflow.start('acts', options);
  await late.result().catch(() => {});
  expect(await viewed(late.workflowId)).toMatchObject({
    status: 'failed',
    error: { type: 'timed_out', message: 'timed out' },
  });
});

test('children are listed with how they ended; their events stay in their own streams', async () => {
  const child = randomUUID();
  const run = await stage.start([{ act: 'child', id: child, acts: [say('small')] }]);
  const client = newClient();
  await read(streams, run.workflowId, client);
  expect(client.frames.slice(1, -1)).toMatchObject([
    { type: 'child_started', data: { run_id: child, workflow: 'acts' } },
    { type: 'child_completed', data: { run_id: child, status: 'completed' } },
  ]);
  const view = await viewed(run.workflowId);
  expect(view.children).toMatchObject([{ run_id: child, workflow: 'acts', status: 'completed' }]);
  const bad = await stage.start([{ act: 'child', id: randomUUID(), acts: [say('no', { fails: true })] }]);
  await bad.result().catch(() => {});
  expect(await viewed(bad.workflowId)).toMatchObject({
    children: [{ status: 'failed' }],
    error: { type: 'ModelRejected', message: 'The model said no.' },
  });
});

test('a step that the workflow itself gives up is aborted in the stream and cancelled in the view', async () => {
  const run = await stage.start([{ act: 'lose', name: 'loser', pieceMs: 5 }, say('done')]);
  const client = newClient();
  await read(streams, run.workflowId, client);
  expect(client.frames.find(({ type }) => type === 'step_aborted')).toMatchObject({ data: { name: 'loser' } });
  const view = await viewed(run.workflowId);
  expect(view.steps.map(({ name, status }) => [name, status])).toEqual([
    ['loser', 'cancelled'],
    ['speech', 'completed'],
  ]);
});

test('a run started by hand with any arguments, signals and updates is readable', async () => {
  const { taskQueue, client } = stage;
  const start = async (args: unknown[], workflowId: string = randomUUID()) => {
    const run = await client.workflow.start('odd', { taskQueue, workflowId, args });
    await run.signal('no_such_signal', { any: 'thing' });
    await run.signal('spent', 'nonsense');
    await run.signal('answer', null);
    await run.signal('pause', { mode: 7 });
    await run.signal('resume');
    await run.signal('go');
    await run.result().catch(() => {});
    return viewed(run.workflowId);
  };
  expect(await start([])).toMatchObject({ input: null, result: [] });
  expect(await start([null])).toMatchObject({ input: null, result: [null] });
  expect(await start([1, 'two', { three: 3 }])).toMatchObject({ input: [1, 'two', { three: 3 }] });
  expect(await start(['a'.repeat(200)], `${randomUUID()} with spaces/and?🙂`)).toMatchObject({ status: 'completed' });
  expect(await start([new Uint8Array([0, 255])])).toMatchObject({ input: { encoding: 'base64', data: 'AP8=' } });
  const foreign = { metadata: { encoding: new TextEncoder().encode('martian') }, data: new Uint8Array([1]) };
  const workflowId = randomUUID();
  await client.workflowService.startWorkflowExecution({
    namespace: client.options.namespace,
    workflowId,
    requestId: randomUUID(),
    workflowType: { name: 'odd' },
    taskQueue: { name: 'nobody' },
    input: { payloads: [foreign] },
  });
  expect(await viewed(workflowId)).toMatchObject({ status: 'running', input: { encoding: 'martian', bytes: 1 } });
  await client.workflow.getHandle(workflowId).terminate();
});

test('values over 32 KiB are told by their size; the result of a run is whole, though it has 20 MB', async () => {
  const run = await stage.start([{ act: 'idle', name: 'page', times: 1, bytes: 40_000 }]);
  const client = newClient();
  await read(streams, run.workflowId, client);
  const completed = client.frames.find((frame) => frame.type === 'step_completed');
  expect(completed?.data).toMatchObject({ result: undefined, result_bytes: aboutBytes(40_000) });
  const { taskQueue } = stage;
  const big = 'b'.repeat(20_000_000);
  const huge = await stage.client.workflow.start('odd', { taskQueue, workflowId: randomUUID(), args: [big] });
  await huge.signal('go');
  await huge.result();
  const view = await viewed(huge.workflowId);
  expect(view.result).toEqual([big]);
  expect(view.input).toBe(big);
});

test('a stored payload that is gone is a problem of the run, not of its reader', async () => {
  const run = await stage.start([{ act: 'idle', name: 'page', times: 1, bytes: 50_000 }]);
  await run.result();
  for (const name of await readdir(stage.data)) await rm(join(stage.data, name), { recursive: true, force: true });
  const view = await viewed(run.workflowId);
  expect(view.steps).toMatchObject([{ result_bytes: aboutBytes(50_000), problem: 'stored_payload_missing' }]);
  expect(view.problem).toMatchObject({ type: 'stored_payload_missing', what_to_do: expect.stringContaining('backup') });
  const client = newClient();
  await read(streams, run.workflowId, client);
  expect(client.over).toBe(true);
});

test('pages: total, offset, limit; the text of a finished step is one delta; ids are those of a stream', async () => {
  const run = await stage.start([say('one delta', { pieceMs: 5 }), { act: 'idle', name: 'end', times: 1 }]);
  await run.result();
  const whole = await streams.page(run.workflowId, 0, 100);
  expect(whole.events.map(({ type }) => type)).toEqual([
    'run_started',
    'step_started',
    'content_delta',
    'step_completed',
    'step_started',
    'step_completed',
    'run_completed',
  ]);
  expect(whole).toMatchObject({ run_id: run.workflowId, total: 7 });
  const part = await streams.page(run.workflowId, 2, 3);
  expect(part.total).toBe(7);
  expect(part.events).toEqual(whole.events.slice(2, 5));
  expect((await streams.page(run.workflowId, 50, 3)).events).toEqual([]);
  const client = newClient();
  client.lastId = whole.events[4]!.id;
  await read(streams, run.workflowId, client);
  expect(client.frames.map(({ id }) => id)).toEqual(whole.events.slice(5).map(({ id }) => id));
});

test('a step that is a tool call is told as one, beside its step events, and counted', () => {
  const story = emptyStory();
  const readTool = (activity: string, args: unknown) =>
    activity === 'callTool' ? { tool: 'search', tool_call_id: 'call_1', args } : undefined;
  const fold = createFold({ ...where, run: 'r', story, opening: 'begins', readTool });
  const at = (second: number) => new Date(second * 1000).toISOString();
  const opened = (value: unknown) => ({ state: 'value', value, bytes: 9 }) as const;
  const scheduled = { kind: 'step_scheduled', step: '1', activity: 'callTool', name: 'search' } as const;
  const told = [
    ...fold.take({ id: 5, at: at(1), ...scheduled, input: opened({ q: 'x' }) }),
    ...fold.take({ id: 7, at: at(3), kind: 'step_completed', scheduled: 5, result: opened('found') }),
    ...fold.take({ id: 9, at: at(4), ...scheduled, step: '2', input: opened({ q: 'y' }) }),
    ...fold.take({ id: 11, at: at(5), kind: 'step_failed', scheduled: 9, error: { type: 'Down', message: 'down' } }),
  ].map(({ event }) => event);
  expect(told).toMatchObject([
    { type: 'step_started', data: { step: '1' } },
    { type: 'tool_call_started', data: { tool: 'search', args: { q: 'x' }, tool_call_id: 'call_1', step: '1' } },
    { type: 'tool_call_completed', data: { tool: 'search', tool_call_id: 'call_1', result: 'found', duration: 2 } },
    { type: 'step_completed', data: { step: '1', step_num: 1 } },
    { type: 'step_started', data: { step: '2' } },
    { type: 'tool_call_started', data: { args: { q: 'y' } } },
    { type: 'tool_call_failed', data: { tool: 'search', error: { type: 'Down' }, duration: 1 } },
    { type: 'step_failed', data: { step: '2' } },
  ]);
  expect(story.tool_calls).toBe(1);
});

test('a run that nobody started is RunNotFound for every call', async () => {
  const id = randomUUID();
  await expect(streams.view(id)).rejects.toThrow(RunNotFound);
  await expect(streams.page(id, 0, 1)).rejects.toThrow(RunNotFound);
  await expect(streams.subscribe(id)).rejects.toThrow(RunNotFound);
  await expect(streams.result(id, 10_000)).rejects.toThrow(RunNotFound);
  await expect(streams.view('x'.repeat(2000))).rejects.toThrow(RunNotFound);
  expect(streams.tails()).toBe(0);
});

test('the newest events are read without those before them', async () => {
  const run = await stage.start([{ act: 'idle', name: 'step', times: 60 }]);
  await run.result();
  const { runId } = await run.describe();
  const history = createHistory(stage.connection, stage.client.options.namespace);
  const { events } = await run.fetchHistory();
  const ids = (await history.since(run.workflowId, runId, 300)).map(({ eventId }) => Number(eventId));
  expect(ids).toEqual(events!.map(({ eventId }) => Number(eventId)).filter((id) => id > 300));
});

test('no history is too odd: cut anywhere, with events missing, repeated, out of order, payloads of garbage', async () => {
  expect(histories.length).toBeGreaterThan(15);
  const open = (payload: Parameters<typeof defaultPayloadConverter.fromPayload>[0]) =>
    new Promise((resolve) => resolve(defaultPayloadConverter.fromPayload(payload)));
  const garbage = [
    () => Promise.resolve('garbage'),
    () => Promise.resolve([{}]),
    () => Promise.reject(new Error('no')),
  ];
  let folded = 0;
  for (const events of histories) {
    const odd = [
      events,
      events.toReversed(),
      [...events, ...events],
      events.slice(Math.floor(events.length / 2)),
      ...events.map((_, i) => events.filter((_, at) => at !== i)).slice(0, 40),
    ];
    for (const version of odd)
      for (const read of version === events ? [open, ...garbage] : [open]) {
        const story = emptyStory();
        const fold = createFold({ ...where, run: 'odd', story, opening: 'begins' });
        for (const happening of await decode(version, read))
          for (const { event } of fold.take(happening)) JSON.stringify(event);
        folded++;
      }
  }
  expect(folded).toBeGreaterThan(300);
});
