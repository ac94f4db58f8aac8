// Python tasks on the real programs: killed and started again while one is created and while one is run.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { json } from '../api-stage.ts';
import { fixtureOf } from '../functions-stage.ts';
import { openProcesses, type Processes } from '../processes.ts';
import type { Program } from '../program.ts';
import { openTestSandbox, preparingMs, sandboxDirectory } from '../sandbox-stage.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: preparingMs });

const { desired_action, task_type, answer } = fixtureOf('loan');

let processes: Processes;
let api: Program;
let worker: Program;
/** Made before: the program finds it ready. */
const withPython = { SANDBOX_OFF: '0', SANDBOX_DIR: sandboxDirectory };
const startWorker = async () => {
  const program = await processes.run('worker', withPython);
  await program.says(/Python programs can be run/, 120_000);
  return program;
};
beforeAll(async () => {
  await (await openTestSandbox()).close();
  processes = await openProcesses();
  await processes.run('temporal');
  [api, worker] = await Promise.all([processes.run('api'), startWorker()]);
});
afterAll(() => processes.close());

const post = (path: string, body: unknown) =>
  fetch(`${processes.api}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const create = (words: string) => post('/api/task/create', { desired_action: `${desired_action} ${words}`, task_type });
const calls = (words: string) => processes.openai.matching(words).length;
const speaking = () => processes.openai.until(() => processes.openai.ledger.some(({ tokens }) => tokens > 5), 60_000);

interface Listed {
  items: { id: string; status: string; result: unknown }[];
}
const tasks = async () =>
  (await json<{ items: { task_id: string; desired_action: string }[] }>(await fetch(`${processes.api}/api/tasks`)))
    .items;

function slowly(): void {
  processes.openai.reset();
  processes.openai.script({ match: desired_action, text: answer, tokenMs: 40, times: Infinity });
}

test('the API is killed while a task is created: its client hears it, the task is there, the model was asked once', async () => {
  slowly();
  const client = create('as the API dies').then(
    () => 'answered',
    () => 'cut',
  );
  await speaking();
  api.signal('SIGKILL');
  expect(await client).toBe('cut');
  await api.ended;
  api = await processes.run('api');
  const list = async () => (await tasks()).filter((task) => task.desired_action.endsWith('as the API dies'));
  await expect.poll(list, { timeout: 60_000, interval: 200 }).toHaveLength(1);
  expect(calls('as the API dies')).toBe(1);
});

test('the worker is killed while a task is created: its client gets the task, only the call in flight is repeated', async () => {
  slowly();
  const client = create('as the worker dies');
  await speaking();
  worker.signal('SIGKILL');
  await worker.ended;
  worker = await startWorker();
  const created = await client;
  expect({ status: created.status, body: await json(created) }).toMatchObject({
    status: 200,
    body: { task_name: 'Loan', message: 'Task Created!' },
  });
  expect(calls('as the worker dies')).toBe(2);
  const folders = readdirSync(join(processes.data, 'user_tasks'));
  expect(folders.toSorted()).toEqual((await tasks()).map(({ task_id }) => task_id).toSorted());
});

test('the worker is killed while a task is run: its client gets the result', async () => {
  const [task] = await tasks();
  const [{ inputs, result } = { inputs: {}, result: undefined }] = fixtureOf('loan').calls;
  const client = post(`/api/task/${task?.task_id}/run`, { inputs });
  const open = async () =>
    (await json<Listed>(await fetch(`${processes.api}/api/runs?workflow=run_function`))).items.length;
  await expect.poll(open, { timeout: 10_000, interval: 20 }).toBe(1);
  worker.signal('SIGKILL');
  await worker.ended;
  worker = await startWorker();
  const ran = await client;
  expect({ status: ran.status, body: await json(ran) }).toMatchObject({
    status: 200,
    body: { result: { columns: result?.columns, values: result?.values } },
  });
});
