// What the API says while a worker or Temporal is not there, or a workflow's code cannot go on.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defaultAnswer } from './openai.ts';
import { openProcesses, type Processes } from './processes.ts';

// Programs are started here, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

let processes: Processes;
beforeEach(async () => void (processes = await openProcesses()));
afterEach(() => processes.close());

interface Answer {
  status: number;
  retryAfter: string | null;
  body: unknown;
  ms: number;
}

async function ask(path: string, body?: object): Promise<Answer> {
  const began = Date.now();
  const answer = await fetch(`${processes.api}${path}`, {
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const read: unknown = await answer.json();
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: read, ms: Date.now() - began };
}

const begin = (content: string) =>
  ask('/api/workflows/simple/runs', { input: { messages: [{ role: 'user', content }] } });

const idOf = ({ body }: Answer): string => z.object({ run_id: z.string() }).parse(body).run_id;

async function until(path: string, holds: (answer: Answer) => boolean, ms: number): Promise<number> {
  const began = Date.now();
  for (let last; Date.now() - began < ms; await sleep(50)) {
    last = await ask(path);
    if (holds(last)) return Date.now() - began;
  }
  throw new Error(`${path} did not come to it within ${ms} ms.`);
}

const problemOf = ({ body }: Answer) =>
  z.object({ problem: z.object({ type: z.string(), what_to_do: z.string() }).nullable() }).parse(body).problem?.type;

test('without a worker the API accepts, lists and reads runs and says no_worker; one that starts completes them', async () => {
  await processes.run('temporal');
  await processes.run('api');
  const accepted = await begin('nobody yet');
  expect(accepted.status).toBe(202);
  const id = idOf(accepted);
  const read = await ask(`/api/runs/${id}`);
  expect(read.body).toMatchObject({ id, status: 'queued', input_query: 'nobody yet' });
  expect(problemOf(read)).toBe('no_worker');
  await until('/api/runs', ({ body }) => z.object({ total: z.number() }).parse(body).total === 1, 5000);
  expect((await ask('/api/runs')).body).toMatchObject({
    items: [{ id, status: 'queued', problem: { type: 'no_worker' } }],
  });
  expect((await ask('/health/ready')).status).toBe(200);

  await processes.run('worker');
  const result = await ask(`/api/runs/${id}/result?timeout=30`);
  expect(result.body).toMatchObject({ status: 'completed', result: { answer: defaultAnswer('nobody yet') } });
  expect(problemOf(await ask(`/api/runs/${id}`))).toBeUndefined();
});

test('without Temporal the API answers 503 with Retry-After within 2 s and says what is down; it goes on when Temporal comes', async () => {
  const TEMPORAL_ADDRESS = `127.0.0.1:${processes.temporalPort}`;
  const worker = processes.spawn('worker', { TEMPORAL_ADDRESS });
  await processes.run('api', { TEMPORAL_ADDRESS });
  const id = '01a00000-0000-7000-8000-000000000000';
  const answers = [
    await begin('too early'),
    await ask('/api/runs'),
    await ask(`/api/runs/${id}`),
    await ask(`/api/runs/${id}/checkpoint-of-nothing`),
    await ask(`/api/runs/${id}/cancel`, {}),
    await ask('/health/ready'),
  ];
  console.log(`without Temporal: ${answers.map(({ status, ms }) => `${status} in ${ms} ms`).join(', ')}`);
  const [, , , nowhere, ...others] = answers;
  expect(nowhere?.status).toBe(404);
  for (const { status, retryAfter, ms } of [...answers.slice(0, 3), ...others]) {
    expect(status).toBe(503);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(ms).toBeLessThan(2000);
  }
  expect(answers.at(-1)?.body).toMatchObject({ down: ['temporal'] });
  expect((await ask('/health/live')).status).toBe(200);

  await processes.run('temporal');
  const took = await until('/health/ready', ({ status }) => status === 200, 10_000);
  console.log(`ready ${took} ms after Temporal`);
  await worker.says(/The worker takes runs and steps\./);
  const run = idOf(await begin('in time'));
  expect((await ask(`/api/runs/${run}/result?timeout=30`)).body).toMatchObject({ status: 'completed' });
});

test('a workflow whose code throws in its task shows the problem workflow_task_failing, and is open', async () => {
  await processes.run('temporal');
  await processes.run('api');
  await processes.run('worker');
  await processes.start('raises', {}, 'raises');
  const took = await until('/api/runs/raises', (answer) => problemOf(answer) === 'workflow_task_failing', 30_000);
  console.log(`workflow_task_failing after ${took} ms`);
  expect((await ask('/api/runs/raises')).body).toMatchObject({ status: 'running', error: null });
});
