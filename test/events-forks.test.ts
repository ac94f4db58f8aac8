// Streams and views of runs that were served a journal: a fork tells the whole story, in one subscription.
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Opening } from '../activities/journal/batch.ts';
import { durable, newClient, read, repeatedIds, until } from './events-client.ts';
import type { Streams } from '../api/events/streams.ts';
import type { StepView } from '../api/events/view.ts';
import { openStage, type Stage } from './events-stage.ts';
import type { Act } from './workflows/events-acts.ts';

let stage: Stage;
beforeAll(async () => void (stage = await openStage()), 120_000);
afterAll(() => stage.close());

const text = 'of many words '.repeat(20);
const speech: Act = { act: 'say', name: 'speech', text, pieceMs: 1 };
const look: Act = { act: 'idle', name: 'look', times: 1, bytes: 5 };
const slow: Act = { act: 'say', name: 'slow', text, pieceMs: 20 };

const opening = async (run: WorkflowHandle, more: Partial<Opening> = {}): Promise<Opening> => ({
  kind: 'fork',
  source: { run: run.workflowId, timeline: (await run.describe()).runId },
  ...more,
});

async function fork(script: Act[], from: Opening, id: string = randomUUID()): Promise<WorkflowHandle> {
  const { taskQueue, client } = stage;
  return client.workflow.start('acts', { taskQueue, workflowId: id, args: [script], memo: { fork: from } });
}

const types = (client: ReturnType<typeof newClient>) =>
  client.frames.map(({ type }) => type).filter((type) => type !== 'content_delta');
/** Steps one after the other. */
const taken = (count: number) => Array.from({ length: count }, () => ['step_started', 'step_completed']).flat();
const names = (client: ReturnType<typeof newClient>) =>
  client.frames.flatMap((frame) => (frame.type === 'step_completed' ? [frame.data.name] : []));

/** Its steps have completed, so many. */
async function stepsOf(streams: Streams, run: WorkflowHandle, count: number): Promise<StepView[]> {
  let steps: StepView[] = [];
  await until(async () => {
    ({ steps } = await streams.view(run.workflowId));
    return steps.filter(({ status }) => status === 'completed').length >= count;
  });
  return steps;
}

test('a fork streams the steps that it was served, then its own, counted on, and nothing of how it was served', async () => {
  const { streams } = await stage.api();
  const child: Act = { act: 'child', id: randomUUID(), acts: [look] };
  const script: Act[] = [look, speech, child, { act: 'ask', name: 'tone' }, { act: 'hold' }, look, speech];
  const source = await stage.start(script);
  await until(async () => (await streams.view(source.workflowId)).status === 'waiting');
  await source.executeUpdate('answer', { args: [{ waiting_id: 'tone-1', value: 'dry' }] });
  const told = await stepsOf(streams, source, 3);
  const run = await fork(script, await opening(source, { checkpoint: told[2]!.checkpoint! }));
  const [early, late] = [newClient(), newClient()];
  const reading = read(streams, run.workflowId, early);
  await run.signal('go');
  await reading;
  await read((await stage.api({ hub: undefined })).streams, run.workflowId, late);
  expect(durable(early)).toEqual(durable(late));
  expect(types(late)).toEqual([
    'run_started',
    ...taken(2),
    'child_started',
    'child_completed',
    ...taken(3),
    'run_completed',
  ]);
  expect(names(late)).toEqual(['look', 'speech', 'tone', 'look', 'speech']);
  expect(late.finished.map(({ text }) => text)).toEqual(['', text, '', '', text]);
  expect([repeatedIds(early), repeatedIds(late)]).toEqual([0, 0]);

  const view = await streams.view(run.workflowId);
  expect(view.steps.map(({ step_num, inherited = false }) => [step_num, inherited])).toEqual([
    ...[1, 2, 3].map((num) => [num, true]),
    ...[4, 5].map((num) => [num, false]),
  ]);
  expect(view.steps.slice(0, 3).map(({ checkpoint }) => checkpoint)).toEqual(told.map(({ checkpoint }) => checkpoint));
  expect(view.steps[0]).toMatchObject({ activity: 'idle', input: 5, result: 'xxxxx' });
  expect(view.steps[2]).toMatchObject({ kind: 'wait', result: 'dry' });
  expect(view.children).toMatchObject([{ run_id: child.id, status: 'completed', inherited: true }]);
  expect([view.usage.output_tokens, view.inherited.output_tokens]).toEqual([text.length, text.length]);
  expect(view.metrics).toMatchObject({ completion_tokens: text.length, steps_count: 5 });
  await source.terminate();
});

test('every id inside the prefix of a fork resumes right after its event, in any process', async () => {
  const [one, other] = [await stage.api(), await stage.api({ hub: undefined })];
  const script: Act[] = [look, speech, look, look, { act: 'hold' }, look];
  const source = await stage.start(script);
  await stepsOf(one.streams, source, 4);
  const run = await fork(script, await opening(source));
  await run.signal('go');
  const whole = newClient();
  await read(one.streams, run.workflowId, whole);
  for (const [i, { id }] of whole.frames.entries()) {
    const rest = newClient();
    rest.lastId = id;
    await read(other.streams, run.workflowId, rest);
    expect(rest.frames.map((frame) => frame.id)).toEqual(whole.frames.slice(i + 1).map((frame) => frame.id));
  }
  expect(whole.frames.length).toBeGreaterThan(10);
  await source.terminate();
});

test('a step in flight at the checkpoint is one step of the fork: announced once, and its own to pay', async () => {
  const { streams } = await stage.api();
  const script: Act[] = [look, { act: 'together', acts: [slow, look] }];
  const source = await stage.start(script);
  const steps = await stepsOf(streams, source, 2);
  const checkpoint = steps.find(({ step_num }) => step_num === 2)!.checkpoint!;
  const run = await fork(script, await opening(source, { checkpoint }));
  const client = newClient();
  await read(streams, run.workflowId, client);
  const ofSlow = client.frames.filter(
    ({ type, data }) => type.startsWith('step_') && 'name' in data && data.name === 'slow',
  );
  expect(ofSlow.map(({ type }) => type)).toEqual(['step_started', 'step_completed']);
  expect(client.finished.at(-1)?.text).toBe(text);
  const view = await streams.view(run.workflowId);
  expect(view.steps.map(({ name, inherited = false }) => [name, inherited])).toEqual([
    ['look', true],
    ['slow', false],
    ['look', true],
  ]);
  expect([view.usage.output_tokens, view.inherited.output_tokens]).toEqual([text.length, 0]);
});

test('a fork of a fork shows all that both were served', async () => {
  const { streams } = await stage.api();
  const script: Act[] = [look, speech, { act: 'hold' }, speech, { act: 'hold' }, look];
  const source = await stage.start(script);
  await stepsOf(streams, source, 2);
  const first = await fork(script, await opening(source));
  await first.signal('go');
  await stepsOf(streams, first, 3);
  const second = await fork(script, await opening(first));
  await second.signal('go');
  const client = newClient();
  await read(streams, second.workflowId, client);
  expect(names(client)).toEqual(['look', 'speech', 'speech', 'look']);
  const view = await streams.view(second.workflowId);
  expect(view.steps.map(({ inherited = false }) => inherited)).toEqual([true, true, true, false]);
  expect(view.inherited.output_tokens).toBe(2 * text.length);
  expect(new Set(view.steps.map(({ checkpoint }) => checkpoint?.timeline)).size).toBe(3);
  await Promise.all([source.terminate(), first.terminate()]);
});

test('a memo `fork` that a workflow handed on by continuing by its own hand is not meant for what follows', async () => {
  const { streams } = await stage.api();
  const script: Act[] = [look, { act: 'hold' }, look, { act: 'goOn' }, look];
  const source = await stage.start(script);
  await stepsOf(streams, source, 1);
  const from = await opening(source, { kind: 'restore' });
  await source.terminate();
  const run = await fork(script, from, source.workflowId);
  await run.signal('go');
  const client = newClient();
  await read(streams, run.workflowId, client);
  expect(names(client)).toEqual(['look', 'look', 'look']);
  expect(types(client).filter((type) => type === 'run_rewound')).toHaveLength(1);
  const { timelines, steps } = await streams.view(run.workflowId);
  expect(timelines.map(({ opening }) => opening)).toEqual(['started', 'rewound', 'continued']);
  expect(steps.map(({ step_num }) => step_num)).toEqual([1, 2, 3]);
});

test('a running run that is restored gives run_rewound and goes on; what it had spent stays spent', async () => {
  const { streams } = await stage.api();
  const script: Act[] = [look, speech, look, slow, look];
  const run = await stage.start(script);
  const client = newClient();
  const reading = read(streams, run.workflowId, client);
  const steps = await stepsOf(streams, run, 3);
  await until(() => (client.texts.get('4') ?? '').length > 20);
  await run.signal('restore', await opening(run, { kind: 'restore', checkpoint: steps[0]!.checkpoint! }));
  await reading;
  expect(types(client)).toEqual([
    'run_started',
    ...taken(3),
    'step_started',
    'step_aborted',
    'run_paused',
    'run_rewound',
    ...taken(4),
    'run_completed',
  ]);
  expect(client.frames.find(({ type }) => type === 'run_rewound')?.data).toMatchObject({ steps_kept: 1 });
  expect(repeatedIds(client)).toBe(0);
  const late = newClient();
  await read((await stage.api({ hub: undefined })).streams, run.workflowId, late);
  expect(durable(late)).toEqual(durable(client));
  const view = await streams.view(run.workflowId);
  expect(view.steps.map(({ step_num, inherited = false }) => [step_num, inherited])).toEqual(
    [1, 2, 3, 4, 5].map((num) => [num, false]),
  );
  expect(view.timelines.map(({ opening }) => opening)).toEqual(['started', 'rewound']);
  expect([view.usage.output_tokens, view.inherited.output_tokens]).toEqual([3 * text.length, 0]);
  expect(view.waste.output_tokens).toBeGreaterThan(20);
  expect(view.status).toBe('completed');
});

test('an ended run that is started again as restored goes on for who comes back with its last id', async () => {
  const { streams } = await stage.api();
  const script: Act[] = [look, speech, look];
  const run = await stage.start(script);
  const client = newClient();
  await read(streams, run.workflowId, client);
  const before = await streams.view(run.workflowId);
  const { usage, waste } = before;
  const checkpoint = before.steps[0]!.checkpoint!;
  await fork(script, await opening(run, { kind: 'restore', checkpoint, account: { usage, waste } }), run.workflowId);
  client.over = false;
  await read(streams, run.workflowId, client);
  expect(types(client).slice(-6)).toEqual(['run_rewound', ...taken(2), 'run_completed']);
  expect(types(client).filter((type) => type === 'run_completed')).toHaveLength(2);
  const view = await streams.view(run.workflowId);
  expect(view.usage.output_tokens).toBe(2 * text.length);
  expect(view.created_at).toBe(before.created_at);
  expect(view.metrics.steps_count).toBe(3);
});

test('a fork can be reset natively: its stream is rewound, and what it was served is still there', async () => {
  const { streams } = await stage.api();
  const script: Act[] = [look, speech, look, { act: 'hold' }, look];
  const source = await stage.start(script);
  const [, second] = await stepsOf(streams, source, 3);
  const run = await fork(script, await opening(source, { checkpoint: second!.checkpoint! }));
  const client = newClient();
  const reading = read(streams, run.workflowId, client);
  await stepsOf(streams, run, 3);
  const { events } = await run.fetchHistory();
  const asked = events!.findLast((event) => event.activityTaskScheduledEventAttributes);
  await stage.client.workflowService.resetWorkflowExecution({
    namespace: stage.client.options.namespace,
    workflowExecution: { workflowId: run.workflowId, runId: (await run.describe()).runId },
    reason: 'taken back',
    requestId: randomUUID(),
    workflowTaskFinishEventId: asked!.activityTaskScheduledEventAttributes!.workflowTaskCompletedEventId,
  });
  await until(() => types(client).includes('run_rewound'));
  await stage.client.workflow.getHandle(run.workflowId).signal('go');
  await reading;
  expect(names(client)).toEqual(['look', 'speech', 'look', 'look', 'look']);
  expect(client.frames.find(({ type }) => type === 'run_rewound')?.data).toMatchObject({ steps_kept: 2 });
  const late = newClient();
  await read((await stage.api({ hub: undefined })).streams, run.workflowId, late);
  expect(durable(late)).toEqual(durable(client));
  const view = await streams.view(run.workflowId);
  expect(view.steps.map(({ inherited = false }) => inherited)).toEqual([true, true, false, false]);
  expect(view.metrics.steps_count).toBe(4);
  await source.terminate();
});
