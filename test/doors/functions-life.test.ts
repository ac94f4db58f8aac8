// Python tasks under the hands of others: the run behind a request is paused, cancelled, terminated, forked by the native API.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunRow } from '../../api/runs/shape.ts';
import { json } from '../api-stage.ts';
import { checkpointOf, ended, forkAt, read } from '../api-fork-stage.ts';
import { fixtureOf, type FunctionsStage, openFunctionsStage } from '../functions-stage.ts';
import { preparingMs } from '../sandbox-stage.ts';

let stage: FunctionsStage;
beforeAll(async () => void (stage = await openFunctionsStage()), preparingMs);
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const { desired_action, task_type, answer } = fixtureOf('loan');
/** As text of the model: slow enough to be met in the middle. */
const slowly = { match: desired_action, text: answer, tokenMs: 50 };

/** In words that nobody else has. */
const newAction = () => `${desired_action} (${randomUUID()})`;
const create = (action: string) => stage.api.ask('POST', '/api/task/create', { desired_action: action, task_type });

/** A client that waits, and the run that it waits for, at work. */
async function creating() {
  const action = newAction();
  const client = create(action);
  await stage.world.openai.until(() => stage.world.openai.ledger.some(({ tokens }) => tokens > 0));
  return { client, id: await runOf(action) };
}

/** Others create tasks at the same time: a run is known by what it was asked. */
async function runOf(action: string): Promise<string> {
  const listed = async () => {
    const { items } = await json<{ items: RunRow[] }>(
      await stage.api.ask('GET', '/api/runs?workflow=create_function&limit=20'),
    );
    const inputs = await Promise.all(items.map(async ({ id }) => ({ id, input: (await read(stage.api, id)).input })));
    return inputs.find(({ input }) => JSON.stringify(input).includes(action))?.id;
  };
  await expect.poll(listed).toEqual(expect.any(String));
  return String(await listed());
}

const status = async (id: string) => (await read(stage.api, id)).status;
const tasks = async () => (await json<{ total: number }>(await stage.api.ask('GET', '/api/tasks'))).total;

describe('a task that is being created', () => {
  test('is paused, which its client does not notice, and created when it goes on', async () => {
    stage.world.openai.script({ ...slowly, times: Infinity });
    const { client, id } = await creating();
    expect((await stage.api.ask('POST', `/api/runs/${id}/pause`, { mode: 'now' })).status).toBe(200);
    await expect.poll(() => status(id)).toBe('paused');
    expect(await Promise.race([client, Promise.resolve('waits')])).toBe('waits');
    expect((await stage.api.ask('POST', `/api/runs/${id}/resume`)).status).toBe(200);
    const created = await client;
    expect({ status: created.status, body: await json(created) }).toEqual({
      status: 200,
      body: { task_id: expect.any(String), task_name: 'Loan', message: 'Task Created!' },
    });
  });

  test('is cancelled: 409 at once, and nothing of it is there', async () => {
    stage.world.openai.script(slowly);
    const before = await tasks();
    const { client, id } = await creating();
    await stage.api.ask('POST', `/api/runs/${id}/cancel`);
    const refused = await client;
    expect(refused.status).toBe(409);
    expect(await json(refused)).toMatchObject({ type: 'run_cancelled', message: expect.stringContaining(id) });
    expect(await tasks()).toBe(before);
  });

  test('is terminated from the CLI: 409 that says so, no fault of the service', async () => {
    stage.world.openai.script(slowly);
    const before = await tasks();
    const { client, id } = await creating();
    await stage.api.client.workflow.getHandle(id).terminate('by hand');
    const refused = await client;
    expect(refused.status).toBe(409);
    expect(await json(refused)).toMatchObject({ type: 'run_terminated', message: expect.stringContaining(id) });
    expect(await tasks()).toBe(before);
  });

  test('is forked when it is created: another task, and the first one stays as it is', async () => {
    stage.world.openai.script({ match: desired_action, text: answer });
    const action = newAction();
    const { task_id } = await json<{ task_id: string }>(await create(action));
    const fork = await forkAt(stage.api, checkpointOf(await ended(stage.api, await runOf(action)), 3));
    const { result } = await ended(stage.api, fork.new_run_id);
    expect(result).toMatchObject({ task_name: 'Loan' });
    const other = String(new Map(Object.entries(result ?? {})).get('task_id'));
    expect(other).not.toBe(task_id);
    for (const one of [task_id, other]) expect((await stage.api.ask('GET', `/api/task/${one}`)).status).toBe(200);
    expect(stage.world.openai.ledger).toHaveLength(1);
  });
});
