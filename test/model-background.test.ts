// Background responses: an answer outlives the worker that asked for it, and is not bought again.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { GateHeader } from '../activities/attempt.ts';
import { nothing } from '../activities/spent.ts';
import { startAttemptWorker, type AttemptWorker, type AttemptWorkerOptions } from './attempt-worker.ts';
import { defaultAnswer, startOpenAI, type FakeOpenAI } from './openai.ts';
import { oneStep } from './workflows/one-step.ts';

let openai: FakeOpenAI;
let worker: AttemptWorker;
const taskQueue = 'background';
let options: AttemptWorkerOptions;
beforeAll(async () => {
  openai = await startOpenAI();
  const limits = { firstEventMs: 3000, thinkMs: 3000, idleMs: 3000 };
  const model = {
    baseURL: openai.url,
    apiKey: 'x',
    protocol: 'responses',
    model: 'gpt-4o-mini',
    background: true,
    limits,
  } as const;
  options = { address: inject('temporalAddress'), taskQueue, model };
  worker = await startAttemptWorker(options);
});
afterAll(async () => {
  await worker.stop();
  await openai.close();
});
beforeEach(() => openai.reset());

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function child(queue: string): Promise<ChildProcess> {
  const path = fileURLToPath(new URL('./attempt-worker-main.ts', import.meta.url));
  const argument = JSON.stringify({ ...options, taskQueue: queue, stepsOnly: true, data: worker.data });
  const started = spawn(process.execPath, [path, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(started);
  await once(started.stdout, 'data');
  return started;
}

const start = (prompt: string, header?: GateHeader, steps?: string) =>
  worker.client.workflow.start(oneStep, {
    taskQueue,
    workflowId: randomUUID(),
    args: [{ messages: [{ role: 'user', content: prompt }] }, header, steps === undefined ? {} : { taskQueue: steps }],
  });

const requests = () => openai.ledger.map(({ method, path }) => `${method} ${path.replace(/resp_\w+/, 'ID')}`);

test('a worker killed while it listens: the next one takes the answer up, whole and unpaid for', async () => {
  openai.script({ tokens: 200, tokenMs: 10 });
  const doomed = await child('background-killed');
  const run = await start('Outlive me', undefined, 'background-killed');
  await openai.until(() => (openai.ledger[0]?.tokens ?? 0) > 20);
  doomed.kill('SIGKILL');
  await child('background-killed');
  const { reply, spent } = await run.result();
  expect(reply?.text).toBe(defaultAnswer('Outlive me', 200));
  expect(reply?.wasted).toEqual(nothing);
  expect(reply?.usage).toMatchObject({ output_tokens: 200, estimated: false });
  expect(requests()).toEqual(['POST /v1/responses', 'GET /v1/responses/ID?stream=true']);
  expect(spent).toEqual([]);
});

test('a connection that breaks is taken up too', async () => {
  openai.script({ tokens: 60, tokenMs: 5, hangUpAfterTokens: 10 });
  const { reply } = await (await start('Break off')).result();
  expect(reply?.text).toBe(defaultAnswer('Break off', 60));
  expect(reply?.wasted).toEqual(nothing);
  expect(requests()).toEqual(['POST /v1/responses', 'GET /v1/responses/ID?stream=true']);
});

test('an answer that can no longer be streamed is polled for', async () => {
  openai.script({ tokens: 100, tokenMs: 10, hangUpAfterTokens: 10, streamable: false });
  const { reply } = await (await start('Poll me')).result();
  expect(reply?.text).toBe(defaultAnswer('Poll me', 100));
  expect(requests().slice(0, 3)).toEqual([
    'POST /v1/responses',
    'GET /v1/responses/ID?stream=true',
    'GET /v1/responses/ID?stream=false',
  ]);
});

test('an answer that the provider has lost is bought again, and what it cost is waste', async () => {
  openai.script({ tokens: 100, tokenMs: 10, hangUpAfterTokens: 10, forgotten: true });
  const { reply } = await (await start('Lose me')).result();
  expect(reply?.text).toBe(defaultAnswer('Lose me'));
  expect(reply?.wasted).toMatchObject({ estimated: true, input_tokens: 2 });
  expect(reply?.wasted.output_tokens).toBeGreaterThanOrEqual(10);
  expect(requests()).toEqual(['POST /v1/responses', 'GET /v1/responses/ID?stream=true', 'POST /v1/responses']);
});

test('an answer that cannot be asked for just now, for we ask too much, is asked for later and not bought again', async () => {
  openai.script({ tokens: 60, tokenMs: 5, hangUpAfterTokens: 10, busy: 1 });
  const { reply } = await (await start('Too much')).result();
  expect(reply?.text).toBe(defaultAnswer('Too much', 60));
  expect(reply?.wasted).toEqual(nothing);
  const again = 'GET /v1/responses/ID?stream=true';
  expect(requests()).toEqual(['POST /v1/responses', again, again]);
});

test('a failed answer is bought again, not taken up', async () => {
  openai.script({ fault: 'failed' });
  const { reply, spent } = await (await start('Fail')).result();
  expect(reply?.text).toBe(defaultAnswer('Fail'));
  expect(requests()).toEqual(['POST /v1/responses', 'POST /v1/responses']);
  expect(spent).toHaveLength(1);
  expect(reply?.wasted).toEqual(spent[0]?.spent);
});

test('an answer that cannot be heard out in four tries is stopped, and its cost told', async () => {
  openai.script({ tokens: 4000, tokenMs: 10, hangUpAfterTokens: 10, hangUpAgain: true });
  const { failure, spent } = await (await start('Never ends')).result();
  expect(failure).toMatchObject({ type: 'ModelUnavailable', nonRetryable: true });
  const again = 'GET /v1/responses/ID?stream=true';
  expect(requests()).toEqual(['POST /v1/responses', again, again, again, 'POST /v1/responses/ID/cancel']);
  expect(spent).toMatchObject([{ attempt: 4, spent: { estimated: true, input_tokens: 3 } }]);
  expect(spent[0]?.spent.output_tokens).toBeGreaterThanOrEqual(10);
});

test('an abort stops the provider too, and books what it had said', async () => {
  openai.script({ tokens: 400, tokenMs: 10 });
  const run = await start('Stop me');
  await openai.until(() => (openai.ledger[0]?.tokens ?? 0) > 20);
  await run.signal('abort');
  const { left } = await run.result();
  expect(requests()).toEqual(['POST /v1/responses', 'POST /v1/responses/ID/cancel']);
  expect(openai.ledger[0]?.outcome).toBe('aborted');
  expect(left).toMatchObject({ kind: 'partial', spent: { input_tokens: 2, estimated: true } });
  expect(left?.response_id).toBeUndefined();
  expect(left?.spent.output_tokens).toBeGreaterThan(10);
});
