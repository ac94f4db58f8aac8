// What the chat over a page tells of runs that are paused, wait, are stopped, forked and restored by the API's own routes.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { checkpointOf, forkAt, post, read } from '../api-fork-stage.ts';
import { asks, eventsOf, type MessageStage, openMessages, outline, type StepEvent, wholeRag } from './message-stage.ts';

let stage: MessageStage;
beforeAll(async () => void (stage = await openMessages()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const reasoning = 'most relevant sentences';
const responding = 'following research';
const steer = (id: string, what: string, body?: unknown) => post(stage.api, `/api/runs/${id}/${what}`, body);
const handle = (id: string) => stage.world.client.workflow.getHandle(id);

/** A run about a page whose model is held in this step, and what a subscriber is told of it. */
async function inStep(step: 'reason_docs' | 'generate_response', question: string) {
  const match = step === 'reason_docs' ? reasoning : responding;
  stage.world.openai.script({ match, tokens: 200, tokenMs: 50 });
  const id = await stage.send(asks(question, { url: stage.page('Otters hold hands.') }));
  const told: StepEvent[] = [];
  const over = (async () => {
    for await (const event of eventsOf(await stage.get(id))) told.push(event);
  })();
  await stage.world.openai.until(() => stage.world.openai.matching(match).some(({ tokens }) => tokens > 3), 20_000);
  await expect.poll(() => outline(told).at(-1)).toBe(`${step} STARTED`);
  return { id, told, over };
}

const upToReasoning = wholeRag.slice(0, 5);
const messageOf = (events: StepEvent[]) =>
  events.findLast(({ step }) => step === 'generate_response')?.payload?.['message'];

test('paused, the stream stays open and says nothing; resumed, it goes on, and no step begins twice', async () => {
  const { id, told, over } = await inStep('reason_docs', 'paused');
  await steer(id, 'pause', { mode: 'now' });
  await stage.api.until(id, ({ status }) => status === 'paused');
  const late = eventsOf(await stage.get(id));
  const seen: StepEvent[] = [];
  for (const _ of upToReasoning) seen.push((await late.next()).value);
  expect(outline(seen)).toEqual(upToReasoning);
  const next = late.next();
  expect(outline(told)).toEqual(upToReasoning);

  await steer(id, 'resume', { action: 'regenerate' });
  await over;
  expect(outline(told)).toEqual(wholeRag);
  seen.push((await next).value);
  for await (const event of late) seen.push(event);
  expect(seen).toEqual(told);
});

test('waiting for a larger budget, the stream stays open, and goes on with the answer', async () => {
  const input = asks('waiting', { url: stage.page('Otters.') });
  const id = await stage.api.start('rag', input, { limits: { max_steps: 2 } });
  const events = stage.events(id);
  await stage.api.until(id, ({ status }) => status === 'waiting');
  await steer(id, 'answer', { waiting_id: 'budget-1', value: { max_steps: 9 } });
  expect(outline(await events)).toEqual(wholeRag);
});

test('cancelled, the step in flight is told so, and the stream ends, for whoever comes later too', async () => {
  const { id, told, over } = await inStep('reason_docs', 'cancelled');
  await steer(id, 'cancel');
  await over;
  expect(outline(told)).toEqual([...upToReasoning, 'reason_docs CANCELLED']);
  expect(told.at(-1)).toEqual({
    type: 'STEP_RUN_EVENT_TYPE_CANCELLED',
    payload: null,
    messageId: id,
    step: 'reason_docs',
  });
  expect(await stage.events(id)).toEqual(told);
});

test('cancelled, terminated or timed out before anybody worked on it, its first step is what ended', async () => {
  await stage.world.dismiss();
  const cancelled = await stage.send(asks('a'));
  await steer(cancelled, 'cancel');
  const terminated = await stage.send(asks('b', { url: 'http://example.com' }));
  await handle(terminated).terminate('not needed');
  const late = await stage.world.client.workflow.start('rag', {
    taskQueue: stage.world.taskQueue,
    workflowId: `late-${terminated}`,
    args: [asks('c', { url: 'http://example.com' })],
    workflowExecutionTimeout: '1s',
  });
  const told = Promise.all([cancelled, terminated, late.workflowId].map((id) => stage.events(id)));
  await stage.events(late.workflowId);
  await stage.world.hire();
  expect((await told).map(outline)).toEqual([['start CANCELLED'], ['start FAILED'], ['start TIMED_OUT']]);
  expect((await told).map(([event]) => event?.payload)).toEqual([
    null,
    { error: 'terminated' },
    { error: 'timed out' },
  ]);
  expect(stage.world.openai.ledger).toEqual([]);
});

test('terminated in a step, that step has failed', async () => {
  const { id, told, over } = await inStep('reason_docs', 'terminated');
  await handle(id).terminate();
  await over;
  expect(outline(told)).toEqual([...upToReasoning, 'reason_docs FAILED']);
  expect(await stage.events(id)).toEqual(told);
});

test('a fork tells what it was served and what it did itself, and its source what it ever told', async () => {
  const source = await stage.send(asks('forked', { url: stage.page('Otters hold hands.') }));
  const before = await stage.events(source);
  const checkpoint = checkpointOf(await read(stage.api, source), 2);
  const edited = { steps: { reason_docs: { text: 'They do not.' } }, modified_query: 'And then?' };
  const fork = (await forkAt(stage.api, checkpoint, edited)).new_run_id;
  const events = await stage.events(fork);
  expect(outline(events)).toEqual(wholeRag);
  expect(events.every(({ messageId }) => messageId === fork)).toBe(true);
  expect(events.find(({ step, payload }) => step === 'reason_docs' && payload)?.payload?.['research']).toBe(
    'They do not.',
  );
  expect(stage.world.openai.ledger.at(-1)?.prompt).toBe('And then?');
  expect(stage.world.openai.ledger).toHaveLength(3);
  expect(await stage.events(source)).toEqual(before);
});

test('restored, also over and over, a late subscriber is told what holds now, and nothing that was taken back', async () => {
  const page = `<p>${'otter '.repeat(8000)}</p>`;
  stage.world.openai.script({ match: responding, text: 'first answer' });
  const id = await stage.send(asks('restored', { url: stage.page(page) }));
  const first = await stage.events(id);
  const run = await read(stage.api, id);
  const restore = async (step: number, more: object = {}) => {
    await post(stage.api, `/api/checkpoints/${checkpointOf(run, step)}/restore`, { create_new_run: false, ...more });
    await stage.api.until(id, ({ status, timelines }) => status === 'completed' && timelines.length > 1);
  };
  expect(messageOf(first)).toBe('first answer');

  stage.world.openai.script({ match: reasoning, text: 'second thought' });
  stage.world.openai.script({ match: responding, text: 'second answer' });
  await restore(1);
  await expect.poll(async () => messageOf(await stage.events(id))).toBe('second answer');
  expect(outline(await stage.events(id))).toEqual(wholeRag);

  // Back to the first timeline: its thought holds, not the second one.
  stage.world.openai.script({ match: responding, text: 'third answer' });
  await restore(2);
  await expect.poll(async () => messageOf(await stage.events(id))).toBe('third answer');
  const third = await stage.events(id);
  expect(third.slice(0, 6)).toEqual(first.slice(0, 6));
  expect(outline(third)).toEqual(wholeRag);

  // Native: the step is taken again.
  const { events = [] } = await handle(id).fetchHistory();
  const task = events!.findLast(({ workflowTaskCompletedEventAttributes: done }) => done)?.eventId;
  stage.world.openai.script({ match: responding, text: 'never asked' });
  await stage.world.client.workflowService.resetWorkflowExecution({
    namespace: stage.world.client.options.namespace,
    workflowExecution: { workflowId: id, runId: (await handle(id).describe()).runId },
    workflowTaskFinishEventId: task,
    requestId: `${id}-reset`,
    reason: 'a test',
  });
  await expect.poll(async () => (await read(stage.api, id)).timelines.length).toBe(4);
  expect(outline(await stage.events(id))).toEqual(wholeRag);
  expect(messageOf(await stage.events(id))).toBe('third answer');
});

test('restored while somebody watches, a step that was under way does not begin twice, and what is kept is not told again', async () => {
  const { id, told, over } = await inStep('reason_docs', 'watched');
  const checkpoint = checkpointOf(await read(stage.api, id), 1);
  await post(stage.api, `/api/checkpoints/${checkpoint}/restore`, { create_new_run: false, force: true });
  await over;
  expect(outline(told)).toEqual(wholeRag);
  expect(await stage.events(id)).toEqual(told);
});

test('restored while somebody watches, a step that was taken back is told again', async () => {
  const { id, told, over } = await inStep('generate_response', 'taken back');
  const checkpoint = checkpointOf(await read(stage.api, id), 1);
  stage.world.openai.script({ match: reasoning, text: 'a better thought' });
  await post(stage.api, `/api/checkpoints/${checkpoint}/restore`, { create_new_run: false, force: true });
  await over;
  expect(outline(told)).toEqual([...wholeRag.slice(0, 7), ...wholeRag.slice(4)]);
  const late = await stage.events(id);
  expect(told.slice(7)).toEqual(late.slice(4));
  expect(late[5]?.payload?.['research']).toBe('a better thought');
});
