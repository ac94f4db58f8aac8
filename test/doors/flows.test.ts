// Flows, as their document has them: executed, read, listed; and what the rest of Waymark does to them meanwhile.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { createCore } from '../../api/core.ts';
import { createListExecutions } from '../../api/doors/flows/list.ts';
import { flowName } from '../../api/doors/flows/name.ts';
import { createToldExecutions } from '../../api/doors/flows/told.ts';
import type { ListRuns } from '../../api/runs/list.ts';
import type { RunRow } from '../../api/runs/shape.ts';
import { type ApiStage, catalogue, json, openApiStage } from '../api-stage.ts';
import { openAuthStage, type Person } from '../auth-stage.ts';
import { openWorld, type World } from '../world.ts';

interface Execution {
  execution_id: string;
  flow_name: string;
  status: string;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  result: unknown;
  error: string | null;
}

let world: World;
let api: ApiStage;
/** An API whose runs nobody works on. */
let idle: ApiStage;
beforeAll(async () => {
  world = await openWorld();
  api = await openApiStage(world);
  idle = await openApiStage(undefined, { taskQueue: `nobody-${randomUUID()}` });
});
afterAll(async () => {
  await api.close();
  await idle.close();
  await world.close();
});
beforeEach(() => world.openai.reset());

const uuid = /^[\da-f]{8}-[\da-f]{4}-[47][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const question = (content: string) => ({ messages: [{ role: 'user', content }] });

async function execute(flow: string, body: unknown = {}, at = api): Promise<string> {
  const answer = await at.ask('POST', `/api/v1/${flow}/execute`, body);
  expect(answer.status).toBe(200);
  return (await json<{ execution_id: string }>(answer)).execution_id;
}

const read = async (flow: string, id: string, at = api): Promise<Execution> =>
  json<Execution>(await at.ask('GET', `/api/v1/${flow}/execution/${id}`));

async function until(flow: string, id: string, status: string): Promise<Execution> {
  await expect.poll(async () => (await read(flow, id)).status, { timeout: 20_000 }).toBe(status);
  return read(flow, id);
}

async function list(query = '', at = api): Promise<Execution[]> {
  const answer = await at.ask('GET', `/api/v1/executions${query}`);
  expect(answer.status).toBe(200);
  return json<Execution[]>(answer);
}

describe('the three examples of the document', () => {
  test('an execution is initiated, checked until it is completed, and listed', async () => {
    world.openai.script({ text: 'Your generated poem here...' });
    const answer = await api.ask('POST', '/api/v1/poem-flow/execute', '{"sentence_count": 3}');
    expect(answer.status).toBe(200);
    const initiated = await json<{ execution_id: string }>(answer);
    const { execution_id } = initiated;
    expect(execution_id).toMatch(uuid);
    expect(initiated).toEqual({
      execution_id,
      status: 'pending',
      message: `Poem flow execution initiated with ID: ${execution_id}`,
    });

    const done = {
      execution_id,
      flow_name: 'poem_flow',
      status: 'completed',
      created_at: time,
      started_at: time,
      completed_at: time,
      result: { sentence_count: 3, poem: 'Your generated poem here...' },
      error: null,
    };
    const execution = await until('poem-flow', execution_id, 'completed');
    expect(execution).toEqual(done);
    expect(Object.keys(execution)).toEqual(Object.keys(done));
    expect(execution.created_at <= execution.started_at! && execution.started_at! <= execution.completed_at!).toBe(
      true,
    );

    // At once: whoever was told that it is completed finds it so.
    for (const query of ['flow_name=poem_flow', 'status=completed', 'flow_name=poem_flow&status=completed&limit=10']) {
      const found = (await list(`?${query}`)).filter((one) => one.execution_id === execution_id);
      expect({ query, found }).toEqual({ query, found: [execution] });
    }
    const asked = world.openai.ledger[0]?.prompt;
    expect(asked).toMatch(/how AI is awesome.*exactly 3 sentences/);
  });

  test('the poem of each run is saved under its id', async () => {
    world.openai.script({ text: 'Roses are red.' });
    const id = await execute('poem-flow', { sentence_count: 1 });
    await until('poem-flow', id, 'completed');
    expect(await readFile(join(world.data, 'poems', `${id}.txt`), 'utf8')).toBe('Roses are red.\n');
  });
});

describe('a poem has', () => {
  const random: [string, unknown][] = [
    ['no count', {}],
    ['null', { sentence_count: null }],
    ['no body', undefined],
    ['other keys', { sentences: 7, more: { a: 1 } }],
  ];
  test.each(random)('1 to 5 sentences, at random, for %s', async (_, body) => {
    const id = await execute('poem-flow', body);
    const { result } = await until('poem-flow', id, 'completed');
    const { sentence_count } = Object(result);
    expect([1, 2, 3, 4, 5]).toContain(sentence_count);
    expect(world.openai.ledger[0]?.prompt).toContain(`exactly ${sentence_count} sentence`);
  });

  test.each([1, 10])('%s of them', async (sentence_count) => {
    const id = await execute('poem-flow', { sentence_count });
    expect((await until('poem-flow', id, 'completed')).result).toMatchObject({ sentence_count });
  });

  const wrong: [unknown, (string | number)[]][] = [
    [{ sentence_count: 0 }, ['body', 'sentence_count']],
    [{ sentence_count: 11 }, ['body', 'sentence_count']],
    [{ sentence_count: -3 }, ['body', 'sentence_count']],
    [{ sentence_count: 2.5 }, ['body', 'sentence_count']],
    [{ sentence_count: '3' }, ['body', 'sentence_count']],
    [{ sentence_count: true }, ['body', 'sentence_count']],
    [{ sentence_count: [3] }, ['body', 'sentence_count']],
    [{ sentence_count: {} }, ['body', 'sentence_count']],
    ['{"sentence_count": 1e999}', ['body', 'sentence_count']],
    [[], ['body']],
    ['null', ['body']],
    ['3', ['body']],
    ['"3"', ['body']],
    ['{"sentence_count": 3', ['body']],
    ['sentence_count=3', ['body']],
    [`{"sentence_count": ${'['.repeat(101)}${']'.repeat(101)}}`, ['body']],
  ];
  test.each(wrong)('no other count: %j is 422', async (body, loc) => {
    const answer = await api.ask('POST', '/api/v1/poem-flow/execute', body);
    expect(answer.status).toBe(422);
    const { detail } = await json<{ detail: object[] }>(answer);
    expect(detail).toEqual([{ loc, msg: expect.any(String), type: expect.any(String) }]);
    expect(world.openai.ledger).toEqual([]);
  });
});

describe('every workflow of the catalogue', () => {
  test.each(Object.keys(catalogue))('%s is a flow, with a tag and a schema of its own', async (workflow) => {
    const { kebab, words } = flowName(workflow);
    const inputs: Record<string, unknown> = {
      simple: question('hello'),
      rag: { ...question('hello'), url: 'http://127.0.0.1:1/' },
      agent: { agent: { name: 'someone' }, ...question('hello') },
      research_company: { company: 'ACME' },
      company_report: { company: 'ACME' },
      create_function: { desired_action: 'x', task_type: 'input' },
      run_function: { task_id: 'none' },
      six: { topic: 'x' },
      asks: { topic: 'x' },
    };
    const answer = await idle.ask('POST', `/api/v1/${kebab}/execute`, inputs[workflow] ?? {});
    const { detail, message, execution_id } = await json<Record<string, unknown>>(answer);
    expect({ status: answer.status, detail }).toEqual({ status: 200, detail: undefined });
    expect(message).toBe(`${words} execution initiated with ID: ${String(execution_id)}`);
    expect(await read(kebab, String(execution_id), idle)).toMatchObject({ flow_name: workflow, status: 'pending' });
    await idle.client.workflow.getHandle(String(execution_id)).terminate();
  });

  test('is in the OpenAPI document as the flow that it is', async () => {
    const document = await json<{ paths: Record<string, Record<string, { tags: string[]; requestBody?: object }>> }>(
      await api.ask('GET', '/openapi.json'),
    );
    for (const workflow of Object.keys(catalogue)) {
      const { kebab } = flowName(workflow);
      expect(document.paths[`/api/v1/${kebab}/execute`]?.['post']?.tags).toEqual([kebab]);
      expect(document.paths[`/api/v1/${kebab}/execution/{id}`]?.['get']?.tags).toEqual([kebab]);
    }
    expect(document.paths['/api/v1/poem-flow/execute']?.['post']?.requestBody).toMatchObject({
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: {
              sentence_count: { anyOf: [{ type: 'integer', minimum: 1, maximum: 10 }, { type: 'null' }] },
            },
          },
        },
      },
    });
  });

  test('is told at /, with its endpoints', async () => {
    expect(await json<object>(await api.ask('GET', '/'))).toMatchObject({
      name: 'Waymark',
      version: '0.0.0-test',
      executions: '/api/v1/executions',
      flows: expect.arrayContaining([
        {
          name: 'poem_flow',
          execute: '/api/v1/poem-flow/execute',
          execution: '/api/v1/poem-flow/execution/{id}',
        },
      ]),
    });
    expect(await json<object>(await api.ask('GET', '/health'))).toEqual({ status: 'healthy' });
  });

  test.each([
    ['poem_flow', 'poem-flow', 'poem_flow', 'Poem flow'],
    ['dailyReport', 'daily-report', 'daily_report', 'Daily report'],
    ['HTMLPage2Text', 'html-page2-text', 'html_page2_text', 'Html page2 text'],
    ['simple', 'simple', 'simple', 'Simple'],
  ])('has its names: %s', (workflow, kebab, snake, words) => {
    expect(flowName(workflow)).toEqual({ kebab, snake, words });
  });

  test('has an address of its own: two that would share one are refused when the service starts', async () => {
    const twice = { ...catalogue, poemFlow: catalogue['simple']! };
    await expect(openApiStage(undefined, { catalogue: twice })).rejects.toThrow(
      /'poem_flow' and 'poemFlow' are both 'poem-flow'/,
    );
  });
});

describe('an execution that', () => {
  const open = { status: 'running', completed_at: null, result: null, error: null, started_at: time };

  /** Other tests have simple runs by the thousand: poems are few. */
  async function speaking(): Promise<string> {
    world.openai.script({ tokens: 400, tokenMs: 30 });
    const id = await execute('poem-flow');
    await world.openai.until(() => world.openai.ledger.some((call) => call.tokens > 2), 20_000);
    return id;
  }

  async function temporal(...args: string[]): Promise<void> {
    const at = ['--address', inject('temporalAddress'), '--namespace', inject('temporalNamespace')];
    await promisify(execFile)(inject('temporalBinary'), [...args, ...at]);
  }

  /** What the list says of it, asked as its status and as all. */
  async function expectListed(flow: string, wanted: Execution): Promise<void> {
    for (const filter of ['', `&status=${wanted.status}`]) {
      const listed = () => list(`?flow_name=${flow}&limit=1000${filter}`);
      await expect
        .poll(async () => (await listed()).filter((one) => one.execution_id === wanted.execution_id))
        .toEqual([wanted]);
    }
    const others = ['pending', 'running', 'completed', 'failed'].filter((status) => status !== wanted.status);
    for (const other of others) {
      const found = await list(`?flow_name=${flow}&limit=1000&status=${other}`);
      expect(found.map(({ execution_id }) => execution_id)).not.toContain(wanted.execution_id);
    }
  }

  test('no worker has taken yet is pending, with all that is not set null', async () => {
    const id = await execute('poem-flow', {}, idle);
    const pending = await read('poem-flow', id, idle);
    expect(pending).toEqual({
      execution_id: id,
      flow_name: 'poem_flow',
      status: 'pending',
      created_at: time,
      started_at: null,
      completed_at: null,
      result: null,
      error: null,
    });
    const found = (await list('?flow_name=poem_flow&status=pending&limit=1000', idle)).filter(
      ({ execution_id }) => execution_id === id,
    );
    expect(found).toEqual([pending]);
    await idle.client.workflow.getHandle(id).terminate();
  });

  test('is paused over the native API is running, and completed after a resume', async () => {
    const id = await speaking();
    expect(await read('poem-flow', id)).toMatchObject(open);
    await api.ask('POST', `/api/runs/${id}/pause`, { mode: 'now' });
    await api.until(id, ({ status }) => status === 'paused');
    const paused = await read('poem-flow', id);
    expect(paused).toMatchObject(open);
    await expectListed('poem_flow', paused);
    world.openai.reset();
    await api.ask('POST', `/api/runs/${id}/resume`, { action: 'regenerate' });
    await expectListed('poem_flow', await until('poem-flow', id, 'completed'));
  });

  test('waits for a person is running', async () => {
    const id = await execute('asks', { topic: 'a wait' });
    await api.until(id, ({ status }) => status === 'waiting');
    expect(await read('asks', id)).toMatchObject({ ...open, flow_name: 'asks' });
    await expectListed('asks', await read('asks', id));
    await api.ask('POST', `/api/runs/${id}/cancel`);
    await until('asks', id, 'failed');
  });

  test('is forked has another one beside it, which is an execution of the same flow', async () => {
    const id = await execute('poem-flow', { sentence_count: 2 });
    const source = await until('poem-flow', id, 'completed');
    const answer = await api.ask('POST', `/api/runs/${id}/fork`);
    const fork = (await json<{ new_run_id: string }>(answer)).new_run_id;
    const forked = await until('poem-flow', fork, 'completed');
    expect(forked).toMatchObject({ execution_id: fork, flow_name: 'poem_flow', result: source.result, error: null });
    expect(await read('poem-flow', id)).toEqual(source);
    await expectListed('poem_flow', forked);
  });

  test('is cancelled is failed with the error "cancelled"', async () => {
    const id = await speaking();
    await api.ask('POST', `/api/runs/${id}/cancel`);
    const cancelled = await until('poem-flow', id, 'failed');
    expect(cancelled).toMatchObject({ result: null, error: 'cancelled', completed_at: time });
    await expectListed('poem_flow', cancelled);
  });

  test('is terminated from the CLI is failed with the error "terminated"', async () => {
    const id = await speaking();
    await temporal('workflow', 'terminate', '--workflow-id', id);
    const terminated = await until('poem-flow', id, 'failed');
    expect(terminated).toMatchObject({ result: null, error: 'terminated', completed_at: time });
    await expectListed('poem_flow', terminated);
  });

  test('was started from the CLI and timed out is failed with the error "timed out"', async () => {
    const id = randomUUID();
    const what = ['--type', 'simple', '--task-queue', 'nobody-at-all', '--workflow-id', id];
    await temporal('workflow', 'start', ...what, '--execution-timeout', '1s', '--input', JSON.stringify(question('x')));
    expect(await until('simple', id, 'failed')).toMatchObject({ error: 'timed out', completed_at: time });
  });

  test('the model refuses is failed with what the model said', async () => {
    world.openai.script({ fault: { status: 401 }, times: Infinity });
    const id = await execute('poem-flow');
    const failed = await until('poem-flow', id, 'failed');
    expect(failed).toMatchObject({ result: null, error: expect.stringMatching(/OPENAI_API_KEY|refus|key/i) });
    await expectListed('poem_flow', failed);
  });

  test('belongs to another flow, or to none, is not found', async () => {
    const id = await execute('simple', question('whose'));
    const gone = [
      ['poem-flow', id],
      ['simple', randomUUID()],
      ['simple', 'no-uuid'],
      ['simple', '%00'],
      ['simple', '%F0%9F%98%80'],
      ['simple', 'x'.repeat(5000)],
    ] as const;
    for (const [flow, other] of gone) {
      const answer = await api.ask('GET', `/api/v1/${flow}/execution/${other}`);
      expect(answer.status).toBe(404);
      expect((await json(answer)).detail).toBe(`Execution ${decodeURIComponent(other)} not found`);
    }
    for (const path of ['/api/v1/no-flow/execution/x', '/api/v1/poem_flow/execution/x'])
      expect((await api.ask('GET', path)).status).toBe(404);
    expect((await api.ask('POST', '/api/v1/no-flow/execute', {})).status).toBe(404);
    expect((await api.ask('GET', '/api/v1/poem-flow/execute')).status).toBe(405);
  });
});

describe('the list', () => {
  test('is an array, newest first, no longer than asked for', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.unshift(await execute('poem-flow', {}, idle));
    const mine = (all: Execution[]) => all.map(({ execution_id }) => execution_id).filter((id) => ids.includes(id));
    await expect
      .poll(async () => mine(await list('?flow_name=poem_flow&status=pending&limit=1000', idle)))
      .toEqual(ids);
    const all = await list('?limit=5', idle);
    expect(all).toHaveLength(5);
    expect(all.map(({ created_at }) => created_at)).toEqual(
      all.map(({ created_at }) => created_at).toSorted((a, b) => (a < b ? 1 : -1)),
    );
    for (const one of all) expect(Object.keys(one)).toEqual(Object.keys(await read('poem-flow', ids[0]!, idle)));
    expect(await list('?limit=1&flow_name=poem_flow', idle)).toHaveLength(1);
    for (const id of ids) await idle.client.workflow.getHandle(id).terminate();
  });

  test('has what this process has just told its caller, though Temporal does not list it yet', async () => {
    const nothingYet: ListRuns = async (_, page) => ({ total: 0, items: [], ...page });
    const clock = { now: Date.now() };
    const asks = { owner: 'ada' };
    const told = createToldExecutions(
      () => asks.owner,
      () => clock.now,
    );
    const late = createListExecutions(createCore(api.deps), nothingYet, told);
    const id = await execute('simple', question('told'));
    const done = await until('simple', id, 'completed');
    told.add(id, 'simple');
    told.add(randomUUID(), 'simple');
    const all = { workflow: undefined, status: undefined, limit: 10 };
    expect(await late(all)).toEqual([done]);
    expect(await late({ ...all, workflow: 'simple', status: 'completed' })).toEqual([done]);
    expect(await late({ ...all, status: 'running' })).toEqual([]);
    expect(await late({ ...all, workflow: 'rag' })).toEqual([]);
    asks.owner = 'bob';
    expect(told.of('simple')).toEqual([]);
    asks.owner = 'ada';
    expect(told.of('simple')).toHaveLength(2);
    clock.now += 60_000;
    expect(await late(all)).toEqual([]);
  });

  test('of the pending goes on to the next page when others take up the first', async () => {
    const [real] = (await json<{ items: RunRow[] }>(await idle.ask('GET', '/api/runs?limit=1'))).items;
    const row = (n: number): RunRow => ({
      ...real!,
      id: `run-${n}`,
      workflow: 'simple',
      status: n < 90 ? 'running' : 'queued',
      created_at: new Date(1e12 - n).toISOString(),
      completed_at: null,
    });
    const rows = Array.from({ length: 100 }, (_, n) => row(n));
    const listRuns: ListRuns = async (_, { offset, limit }) => ({
      total: rows.length,
      items: rows.slice(offset, offset + limit),
      offset,
      limit,
    });
    const listed = createListExecutions(
      createCore(api.deps),
      listRuns,
      createToldExecutions(() => undefined),
    );
    const pending = await listed({ workflow: 'simple', status: 'pending', limit: 3 });
    expect(pending.map(({ execution_id, status }) => [execution_id, status])).toEqual([
      ['run-90', 'pending'],
      ['run-91', 'pending'],
      ['run-92', 'pending'],
    ]);
  });

  test('of an unknown flow is empty', async () => {
    for (const flow of ['no_flow', 'poem-flow', '', 'constructor', "x' OR 1=1 --", '%00'])
      expect(await list(`?flow_name=${flow}`)).toEqual([]);
  });

  test.each(['status=done', 'status=', 'status=queued', 'status=cancelled', 'status=PENDING'])(
    '%s is 422',
    async (query) => {
      const answer = await api.ask('GET', `/api/v1/executions?${query}`);
      expect(answer.status).toBe(422);
      expect((await json(answer)).detail).toEqual([expect.objectContaining({ loc: ['query', 'status'] })]);
    },
  );

  test.each(['limit=0', 'limit=1001', 'limit=-1', 'limit=ten', 'limit=', 'limit=1.5'])('%s is 422', async (query) => {
    const answer = await api.ask('GET', `/api/v1/executions?${query}`);
    expect(answer.status).toBe(422);
    expect((await json(answer)).detail).toEqual([expect.objectContaining({ loc: ['query', 'limit'] })]);
  });
});

test("with auth on, an execution is its maker's: to another user it is not there, also not a moment after it was told", async () => {
  const guarded = await openAuthStage(world);
  try {
    const answer = await guarded.as('ann')('POST', '/api/v1/poem-flow/execute', {});
    const { execution_id } = await json<{ execution_id: string }>(answer);
    const path = `/api/v1/poem-flow/execution/${execution_id}`;
    const readAs = (person: Person) => guarded.as(person)('GET', path);
    await expect.poll(async () => (await json<Execution>(await readAs('ann'))).status).toBe('completed');
    const listedTo = async (person: Person) => {
      const found = await guarded.as(person)('GET', '/api/v1/executions?flow_name=poem_flow&limit=1000');
      return (await json<Execution[]>(found)).some((one) => one.execution_id === execution_id);
    };
    for (const person of ['ann', 'vic', 'ada'] as const)
      expect({ person, status: (await readAs(person)).status, listed: await listedTo(person) }).toEqual({
        person,
        status: 200,
        listed: true,
      });
    expect({ status: (await readAs('bob')).status, listed: await listedTo('bob') }).toEqual({
      status: 404,
      listed: false,
    });
    expect((await json(await readAs('bob'))).detail).toBe(`Execution ${execution_id} not found`);
    expect((await guarded.ask('GET', path)).status).toBe(401);
    expect((await guarded.as('vic')('POST', '/api/v1/poem-flow/execute', {})).status).toBe(403);
    expect((await guarded.as('vic')('GET', '/metrics')).status).toBe(200);
    expect((await guarded.as('ann')('GET', '/metrics')).status).toBe(403);
  } finally {
    await guarded.close();
  }
});
