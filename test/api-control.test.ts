// Pause, resume, cancel and answer over HTTP, at right and at wrong moments.
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from '@hono/zod-openapi';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { controlled, RunRow } from '../api/runs/shape.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { defaultAnswer } from './openai.ts';
import { openWorld, type World } from './world.ts';

type Controlled = z.infer<typeof controlled>;

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
const steer = (id: string, what: string, body?: unknown) => api.ask('POST', `/api/runs/${id}/${what}`, body);

async function refusal(
  id: string,
  what: string,
  body?: unknown,
): Promise<{ status: number; type: string; why: string }> {
  const answer = await steer(id, what, body);
  const { type, detail } = await json<{ type: string; detail: string }>(answer);
  return { status: answer.status, type, why: detail.replace(`Cannot ${what} run '${id}': `, '') };
}

async function speaking(about: string): Promise<string> {
  world.openai.script({ match: about, tokens: 60, tokenMs: 30 });
  const id = await api.start('simple', question(about));
  await world.openai.until(() => world.openai.matching(about).some((call) => call.tokens > 3));
  return id;
}

test('a pause "now" closes the connection to the model within a second; a resume goes on to the end', async () => {
  const id = await speaking('pause me');
  const since = Date.now();
  const answer = await steer(id, 'pause', { mode: 'now' });
  expect(answer.status).toBe(200);
  expect(await json<Controlled>(answer)).toMatchObject({
    success: true,
    run_id: id,
    message: `Run '${id}' paused successfully`,
  });
  await api.until(id, (run) => run.status === 'paused');
  const [call] = world.openai.matching('pause me');
  expect((call!.closed_at ?? Infinity) - since).toBeLessThan(1000);
  expect(await refusal(id, 'pause')).toEqual({ status: 400, type: 'wrong_state', why: 'it is paused already' });

  const resumed = await steer(id, 'resume', { action: 'regenerate' });
  expect(await json<Controlled>(resumed)).toMatchObject({ success: true, message: `Run '${id}' resumed successfully` });
  const run = await api.until(id, ({ status }) => status === 'completed');
  expect(run.steps.map(({ status, round }) => ({ status, round }))).toEqual([
    { status: 'aborted', round: 0 },
    { status: 'completed', round: 1 },
  ]);
  expect(run.usage.waste.output_tokens).toBeGreaterThan(0);
});

test('a pause and a cancel that no worker hears are shown as stopping, until one does', async () => {
  const tag = `unheard-${Date.now()}`;
  const [paused, calledOff, cancelled] = await Promise.all(
    ['a', 'b', 'c'].map(async (topic) => {
      const id = await api.start('asks', { topic }, { tags: [tag] });
      await api.until(id, (run) => run.status === 'waiting');
      return id;
    }),
  );
  await world.dismiss();
  await steer(paused!, 'pause');
  await steer(calledOff!, 'pause');
  await steer(calledOff!, 'resume');
  await steer(cancelled!, 'cancel');
  const stopping = async (id: string) => (await api.until(id, () => true)).stopping;
  expect([await stopping(paused!), await stopping(calledOff!), await stopping(cancelled!)]).toEqual([
    true,
    false,
    true,
  ]);
  const { items } = await json<{ items: RunRow[] }>(await api.ask('GET', `/api/runs?tag=${tag}`));
  expect(items.find(({ id }) => id === cancelled)).toMatchObject({ stopping: true });
  await world.hire();
  await api.until(cancelled!, (run) => run.status === 'cancelled' && !run.stopping);
  await api.until(paused!, (run) => run.status === 'paused' && !run.stopping);
  await steer(paused!, 'resume');
  await api.until(paused!, (run) => run.status === 'waiting' && !run.stopping);
});

test('a pause without a body lets the step in flight finish; meanwhile the run is stopping', async () => {
  const id = await speaking('drain me');
  expect((await steer(id, 'pause')).status).toBe(200);
  const stopping = await api.until(id, (run) => run.stopping);
  expect(stopping.status).toBe('running');
  expect(await refusal(id, 'pause')).toMatchObject({ why: 'it is being paused already' });
  expect((await steer(id, 'pause', { mode: 'now' })).status).toBe(200);
  await api.until(id, (run) => run.status === 'paused');
  await steer(id, 'cancel');
  await api.until(id, (run) => run.status === 'cancelled');
});

test('a resume on the heels of a pause is accepted, and the run completes', async () => {
  const id = await speaking('on the heels');
  // However long a busy machine takes to send it: not before the pause has reached Temporal, nor after it was answered.
  const answers = await Promise.all([
    steer(id, 'pause', { mode: 'now' }),
    signalled(id).then(() => steer(id, 'resume')),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  const run = await api.until(id, ({ status }) => status === 'completed');
  expect(run.error).toBeNull();
});

async function signalled(id: string): Promise<void> {
  const handle = world.client.workflow.getHandle(id);
  for (;;) {
    const { events } = await handle.fetchHistory();
    if (events?.some((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'pause')) return;
  }
}

test('a resume of a run that is not paused is refused', async () => {
  const id = await speaking('not paused');
  expect(await refusal(id, 'resume')).toEqual({ status: 400, type: 'wrong_state', why: 'it is not paused' });
  await steer(id, 'cancel');
});

test('a cancel closes the connection to the model within a second and keeps what was said', async () => {
  const id = await speaking('cancel me');
  const since = Date.now();
  const answer = await steer(id, 'cancel');
  expect(answer.status).toBe(200);
  expect(await json<Controlled>(answer)).toMatchObject({ message: `Run '${id}' cancelled successfully` });
  const run = await api.until(id, ({ status }) => status === 'cancelled');
  const [call] = world.openai.matching('cancel me');
  expect((call!.closed_at ?? Infinity) - since).toBeLessThan(1000);
  expect(run.response_content).toMatch(/^\S+/);
  expect(run.completed_at).not.toBeNull();
  for (const what of ['pause', 'resume', 'cancel'])
    expect(await refusal(id, what)).toEqual({ status: 400, type: 'wrong_state', why: 'it is already cancelled' });
});

test('an ended or unknown run is steered by nobody', async () => {
  const id = await api.start('simple', question('soon over'));
  await api.until(id, ({ status }) => status === 'completed');
  for (const [what, body] of [['pause'], ['resume'], ['cancel'], ['answer', { waiting_id: 'x', value: 1 }]] as const) {
    expect(await refusal(id, what, body)).toEqual({ status: 400, type: 'wrong_state', why: 'it is already completed' });
    expect(await refusal('nobody', what, body)).toMatchObject({
      status: 400,
      type: 'run_not_found',
      why: "Run 'nobody' not found",
    });
  }
});

test('a run says what it waits for, takes the first answer and refuses the second', async () => {
  const id = await api.start('asks', { topic: 'rain' });
  const run = await api.until(id, ({ status }) => status === 'waiting');
  expect(run.waiting_for).toMatchObject([{ name: 'tone', kind: 'question', question: 'Which tone for rain?' }]);
  const { waiting_id } = run.waiting_for[0]!;
  expect(await refusal(id, 'resume')).toMatchObject({ why: 'it is not paused' });
  const unknown = await refusal(id, 'answer', { waiting_id: 'never asked', value: 1 });
  expect(unknown).toMatchObject({ status: 409, type: 'not_waiting' });
  expect(unknown.why).toContain(waiting_id);

  const answers = await Promise.all([1, 2, 3].map((value) => steer(id, 'answer', { waiting_id, value })));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
  // What it waits for and its steps are two reads: the one may be of the moment before the other.
  const next = await api.until(id, ({ waiting_for: [waiting] }) => waiting?.name === 'verdict');
  expect(next.waiting_for).toMatchObject([{ kind: 'approval' }]);
});

test('a run that waits can be paused; the answer is taken, and it goes on when it is resumed', async () => {
  const id = await api.start('asks', { topic: 'snow' });
  const waiting = await api.until(id, ({ status }) => status === 'waiting');
  expect(await json<Controlled>(await steer(id, 'pause'))).toMatchObject({ success: true, status: 'paused' });
  const { waiting_id } = waiting.waiting_for[0]!;
  expect((await steer(id, 'answer', { waiting_id, value: 'dry' })).status).toBe(200);
  await sleep(200);
  expect(world.openai.matching('snow in tone dry')).toHaveLength(0);
  await steer(id, 'resume');
  await world.openai.until(() => world.openai.matching('snow in tone dry').length === 1);
  const last = await api.until(id, ({ waiting_for }) => waiting_for[0]?.name === 'verdict');
  await steer(id, 'answer', { waiting_id: last.waiting_for[0]!.waiting_id, value: { good: true } });
  const run = await api.until(id, ({ status }) => status === 'completed');
  expect(run.result).toEqual({ draft: defaultAnswer('snow in tone dry'), verdict: { good: true } });
});

test('without a worker an answer is not confirmed, within 4 s', async () => {
  const id = await api.start('asks', { topic: 'nobody' });
  const { waiting_for } = await api.until(id, ({ status }) => status === 'waiting');
  await world.dismiss();
  const since = Date.now();
  const refused = await refusal(id, 'answer', { waiting_id: waiting_for[0]!.waiting_id, value: 'hm' });
  expect(refused).toMatchObject({ status: 503, type: 'answer_not_confirmed' });
  expect(Date.now() - since).toBeLessThan(4000);
  await world.hire();
});
