// A worker that dies beside another one: how soon that one goes on, and what a pause or a cancel in that moment comes to.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { answerSignal } from '../workflows/runtime/messages.ts';
import { openProcesses, type Processes } from './processes.ts';
import type { Program } from './program.ts';
import { sampleOf } from './sample.ts';
import { inState } from './scenarios.ts';

// Workers are started again and again here, and the machine may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

let processes: Processes;
let workers: Program[] = [];

beforeAll(async () => {
  processes = await openProcesses();
  await processes.run('temporal');
  await processes.run('api');
});
afterAll(() => processes.close());

beforeEach(async () => {
  const alive = workers.length;
  workers.push(...(await Promise.all(Array.from({ length: 2 - alive }, () => processes.run('worker')))));
});
afterEach(() => processes.openai.reset());

const question = (content: string) => ({ messages: [{ role: 'user', content }] });
const asked = (about: string) => processes.openai.matching(about);

/** A run whose only step speaks for 6 s, at its `tokens`th token. */
async function speaking(about: string, tokens: number): Promise<WorkflowHandle> {
  processes.openai.script({ match: about, tokens: 200, tokenMs: 30 });
  const run = await processes.start('simple', question(about), about);
  await processes.openai.until(() => asked(about).some((call) => call.tokens >= tokens), 15_000);
  return run;
}

/** @param identity as Temporal tells it: pid@host */
function workerOf(identity: string | null | undefined): Program {
  const worker = workers.find(({ pid }) => identity?.startsWith(`${pid}@`));
  if (!worker) throw new Error(`${identity} is none of the workers.`);
  return worker;
}

async function stepsWorker(run: WorkflowHandle): Promise<Program> {
  const { raw } = await run.describe();
  return workerOf(raw.pendingActivities?.[0]?.lastWorkerIdentity);
}

const spent = z.object({ input_tokens: z.number(), output_tokens: z.number(), cost_usd: z.number() });
const usage = z.object({ usage: z.object({ waste: spent.extend({ by: z.record(z.string(), spent) }) }) });

async function usageOf(run: string) {
  return usage.parse(await (await fetch(`${processes.api}/api/runs/${run}`)).json()).usage;
}

/** When it died, in ms since the epoch. */
async function kill(worker: Program): Promise<number> {
  workers = workers.filter((other) => other !== worker);
  const at = Date.now();
  worker.signal('SIGKILL');
  await worker.ended;
  return at;
}

test('a step whose worker dies in it is taken by the other worker within 3 s, wherever in the step that was', async () => {
  const took: number[] = [];
  for (const tokens of sampleOf([1, 20, 70], 2)) {
    workers.push(...(workers.length < 2 ? [await processes.run('worker')] : []));
    const about = `dies at ${tokens}`;
    const run = await speaking(about, tokens);
    const died = await kill(await stepsWorker(run));
    await processes.openai.until(() => asked(about).length > 1, 15_000);
    took.push(asked(about)[1]!.at - died);
    expect(await run.result()).toHaveProperty('answer');
    expect(asked(about)).toHaveLength(2);
    const { by, ...waste } = (await usageOf(run.workflowId)).waste;
    expect(by.crashes).toEqual(waste);
    // What it had said half a second before its death, at least, and no more than it was sent: it is estimated.
    if (tokens > 50) expect(waste.output_tokens).toBeGreaterThan(20);
    expect(waste.output_tokens).toBeLessThanOrEqual(2 * (asked(about)[0]?.tokens ?? 0) + 2);
  }
  console.log(`from a death inside a step to the next attempt: ${took.join(', ')} ms`);
  expect(Math.max(...took)).toBeLessThan(3000);
});

test('when a worker dies inside a workflow task, the other one takes the next step within 12 s', async () => {
  const run = await processes.start('asks', { topic: 'a task' }, 'a task');
  await inState(run, 'waiting', 15_000);
  const { events } = await run.fetchHistory();
  const last = events?.findLast(({ workflowTaskCompletedEventAttributes: done }) => done);
  const worker = workerOf(last?.workflowTaskCompletedEventAttributes?.identity);
  // Stopped, it still has its poll at the server: the server gives it the task, and it dies with the task in hand.
  worker.signal('SIGSTOP');
  await run.signal(answerSignal, { waiting_id: 'tone-1', value: 'mild' });
  const started = temporal.api.enums.v1.PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED;
  while ((await run.describe()).raw.pendingWorkflowTask?.state !== started) await sleep(10);
  const died = await kill(worker);
  await processes.openai.until(() => asked('a task').length > 0, 20_000);
  const took = asked('a task')[0]!.at - died;
  console.log(`from a death inside a workflow task to the next step: ${took} ms`);
  const { events: after } = await run.fetchHistory();
  expect(after?.filter(({ workflowTaskTimedOutEventAttributes: late }) => late)).toHaveLength(1);
  expect(took).toBeLessThan(12_000);
  await run.terminate();
});

const shown = z.object({ status: z.string(), stopping: z.boolean() });

async function read(run: WorkflowHandle): Promise<z.infer<typeof shown>> {
  return shown.parse(await (await fetch(`${processes.api}/api/runs/${encodeURIComponent(run.workflowId)}`)).json());
}

async function post(run: WorkflowHandle, what: string, body: object = {}): Promise<void> {
  const answer = await fetch(`${processes.api}/api/runs/${encodeURIComponent(run.workflowId)}/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

/** All that was shown until it was `status`, each once, in order. */
async function watch(run: WorkflowHandle, status: string): Promise<string[]> {
  const seen: string[] = [];
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(40)) {
    const now = await read(run);
    const told = `${now.status}${now.stopping ? ', stopping' : ''}`;
    if (told !== seen.at(-1)) seen.push(told);
    if (now.status === status) return seen;
  }
  throw new Error(`not ${status} but ${seen.join('; ')}`);
}

/** After the message, in ms: before it is worked on, while it is, when the step may have heard of it. */
const moments = process.env['WAYMARK_LONG'] ? [0, 30, 300] : [30];

test.each(moments)(
  'a pause "now" whose worker dies %d ms after it ends as a pause, and the run completes',
  async (ms) => {
    const about = `paused, dead ${ms}`;
    const run = await speaking(about, 5);
    const worker = await stepsWorker(run);
    await run.signal('pause', 'now');
    await sleep(ms);
    await kill(worker);
    const seen = await watch(run, 'paused');
    if (ms < 100) expect(seen).toContain('running, stopping');
    await sleep(500);
    expect(asked(about)).toHaveLength(1);
    await post(run, 'resume');
    await run.result();
    expect((await read(run)).status).toBe('completed');
  },
);

test.each(moments)('a cancel whose worker dies %d ms after it ends as a cancel', async (ms) => {
  const about = `cancelled, dead ${ms}`;
  const run = await speaking(about, 5);
  const worker = await stepsWorker(run);
  await run.cancel();
  await sleep(ms);
  await kill(worker);
  const seen = await watch(run, 'cancelled');
  if (ms < 100) expect(seen).toContain('running, stopping');
  expect(asked(about)).toHaveLength(1);
});

test('a pause and a cancel through the API, whose only worker dies at once, are kept for the next worker', async () => {
  await kill(workers[0]!);
  const paused = await speaking('alone, paused', 3);
  const cancelled = await speaking('alone, cancelled', 3);
  const worker = workers[0]!;
  const said = Promise.all([post(paused, 'pause', { mode: 'now' }), post(cancelled, 'cancel')]);
  await sleep(20);
  await kill(worker);
  await said;
  workers.push(await processes.run('worker'));
  const [, ofCancelled] = await Promise.all([watch(paused, 'paused'), watch(cancelled, 'cancelled')]);
  expect(ofCancelled).toContain('running, stopping');
  expect(asked('alone')).toHaveLength(2);
  await post(paused, 'resume');
  await paused.result();
});
