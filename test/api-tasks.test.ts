// The contract of tasks, literally; and what comes in that is none of it.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { createHandler } from '../api/doors/tasks/handler.ts';
import type { SandboxState } from '../activities/sandbox/sandbox.ts';
import { demoAnswer } from '../activities/model/demo-answer.ts';
import { ended } from './api-fork-stage.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { answerWith, fixtureOf, type FunctionsStage, openFunctionsStage } from './functions-stage.ts';
import { startProgram } from './program.ts';
import { preparingMs } from './sandbox-stage.ts';
import { functionsIn, openWorld } from './world.ts';

let stage: FunctionsStage;
let api: ApiStage;
beforeAll(async () => {
  stage = await openFunctionsStage();
  api = stage.api;
}, preparingMs);
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

/** The call that the replaced system's document shows, as it stands there. */
const documented = `{
    "desired_action": "given a dataset containing a bunch of text, extract the most important topics from each text",
    "task_type": "passthrough"
}`;

const uuid = /^[\da-f]{8}-[\da-f]{4}-[47][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

test("the document's own example call creates a task, with its folder", async () => {
  const { desired_action, answer } = fixtureOf('topics');
  stage.world.openai.script({ match: desired_action, text: answer });
  const created = await api.ask('POST', '/api/task/create', documented);
  expect(created.status).toBe(200);
  const body = await json<{ task_id: string }>(created);
  expect(body).toEqual({ task_id: expect.stringMatching(uuid), task_name: 'Topics', message: 'Task Created!' });
  const folder = join(functionsIn(stage.world.data), body.task_id);
  expect(readFileSync(join(folder, 'function.py'), 'utf8')).toContain('def main_function(input1)');
  expect(JSON.parse(readFileSync(join(folder, 'metadata.json'), 'utf8'))).toMatchObject({ task_id: body.task_id });
});

describe('create refuses', () => {
  const notObject = /^Error parsing request body: /;
  const refused: [string, unknown, string | RegExp][] = [
    ['no JSON', '{"desired_action":', notObject],
    ['an empty body', '', notObject],
    ['a list', '[]', notObject],
    ['text', '"input"', notObject],
    ['null', 'null', notObject],
    ['a number for the action', { desired_action: 5, task_type: 'input' }, notObject],
    ['null for the action', { desired_action: null, task_type: 'input' }, notObject],
    ['a list for the type', { desired_action: 'x', task_type: ['input'] }, notObject],
    ['no action', { task_type: 'input' }, 'No desired_action provided'],
    ['an empty action', { desired_action: '', task_type: 'input' }, 'No desired_action provided'],
    ['neither', {}, 'No desired_action provided'],
    ['no type', { desired_action: 'x' }, 'No task_type provided'],
    ['an empty type', { desired_action: 'x', task_type: '' }, 'No task_type provided'],
    ['another type', { desired_action: 'x', task_type: 'Input' }, "task_type must be either 'input' or 'passthrough'"],
    ['a body that is nested beyond measure', `{"desired_action": ${'['.repeat(5000)}${']'.repeat(5000)}}`, /nested/],
  ];
  test.each(refused)('%s', async (_, body, message) => {
    const answer = await api.ask('POST', '/api/task/create', body);
    expect(answer.status).toBe(400);
    const said = await json<{ message: string; detail: string }>(answer);
    expect(said).toMatchObject({ type: expect.any(String), request_id: expect.any(String), detail: said.message });
    expect(said.message).toMatch(message);
    expect(stage.world.openai.ledger).toEqual([]);
  });

  test('a body over 1 MiB', async () => {
    const answer = await api.ask('POST', '/api/task/create', 'x'.repeat(1024 * 1024 + 1), {
      'content-length': '1048577',
    });
    expect(answer.status).toBe(413);
    expect(await json<object>(answer)).toMatchObject({ message: expect.any(String) });
  });
});

test('keys that nobody names are ignored, and the type of the content does not matter', async () => {
  const { desired_action, task_type, answer } = fixtureOf('primes');
  stage.world.openai.script({ match: desired_action, text: answer });
  const body = JSON.stringify({ desired_action, task_type, more: { a: [1] } });
  expect((await api.ask('POST', '/api/task/create', body, { 'content-type': 'text/plain' })).status).toBe(200);
});

describe('a task that is there', () => {
  let id: string;
  beforeAll(async () => void (id = await stage.create(fixtureOf('dates'))));

  test('is read with its code', async () => {
    const task = await json<{ code: string }>(await api.ask('GET', `/api/task/${id}`));
    expect(Object.keys(task)).toEqual([
      'task_id',
      'task_name',
      'task_type',
      'desired_action',
      'user_inputs',
      'packages_used',
      'created_at',
      'code',
    ]);
    expect(task.code).toContain('def main_function(input1, column, first, last)');
  });

  const inputs = { column: 'day', first: '2024-01-01', last: '2024-12-31' };
  const input1 = { columns: ['day'], values: [['2024-02-29', '2025-01-01']] };
  const run = (body: unknown, query = '') => api.ask('POST', `/api/task/${id}/run${query}`, body);

  test('is run: 200 with exactly the three keys', async () => {
    const answer = await run({ inputs, input1, ignored: true });
    expect(answer.status).toBe(200);
    expect(await json<object>(answer)).toEqual({
      run_id: expect.stringMatching(uuid),
      result: { columns: ['day', 'weekday'], values: [['2024-02-29'], ['Thursday']] },
      stdout: '',
    });
  });

  test('is run without waiting: 202 with the id of the run, which is a run like all others', async () => {
    const answer = await run({ inputs, input1 }, '?wait=false');
    expect(answer.status).toBe(202);
    const body = await json<{ run_id: string }>(answer);
    expect(body).toEqual({ run_id: expect.stringMatching(uuid) });
    expect(answer.headers.get('location')).toBe(`/api/runs/${body.run_id}`);
    expect(await ended(api, body.run_id)).toMatchObject({ status: 'completed', workflow: 'run_function' });
  });

  const wrong: [string, unknown, string][] = [
    ['an input missing', { inputs: { column: 'day', first: '2024-01-01' }, input1 }, 'body.inputs.last'],
    ['an input too many', { inputs: { ...inputs, more: 1 }, input1 }, 'body.inputs.more'],
    ['an input of another type', { inputs: { ...inputs, last: 20241231 }, input1 }, 'body.inputs.last'],
    ['a day that there is not', { inputs: { ...inputs, last: '2024-02-30' }, input1 }, 'body.inputs.last'],
    ['the frame missing', { inputs }, 'body.input1'],
    ['inputs that are a list', { inputs: [], input1 }, 'body.inputs'],
    ['no inputs', { input1 }, 'body.inputs.column'],
    ['a frame without values', { inputs, input1: { columns: ['day'] } }, 'body.input1.values'],
    [
      'a frame row by row',
      {
        inputs,
        input1: {
          columns: ['a', 'b'],
          values: [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
        },
      },
      'body.input1',
    ],
    ['columns of two lengths', { inputs, input1: { columns: ['a', 'b'], values: [[1], [1, 2]] } }, 'body.input1'],
    ['a cell that is a list', { inputs, input1: { columns: ['a'], values: [[[1]]] } }, 'body.input1.values.0'],
    ['names of columns that are numbers', { inputs, input1: { columns: [1], values: [[1]] } }, 'body.input1.columns.0'],
    ['a list', [], 'body'],
    ['text', '"x"', 'body'],
  ];
  test.each(wrong)('is not run with %s: 422 that names it', async (_, body, at) => {
    const answer = await run(body);
    expect(answer.status).toBe(422);
    const { detail, message } = await json<{ detail: { loc: string[] }[]; message: string }>(answer);
    expect(detail.map(({ loc }) => loc.join('.'))).toContain(at);
    expect(message).toContain(at);
  });

  test('is not run with what is no JSON (400), nor with an unknown wait (422)', async () => {
    const answer = await run('{"inputs":');
    expect(answer.status).toBe(400);
    expect(await json<object>(answer)).toMatchObject({
      message: expect.stringMatching(/^Error parsing request body: /),
    });
    expect((await run({ inputs, input1 }, '?wait=perhaps')).status).toBe(422);
  });

  test('takes a body of 32 MiB and no more', async () => {
    const text = 'x'.repeat(1000);
    const rows = Array<string>(33_000).fill(text);
    const large = JSON.stringify({ inputs, input1: { columns: ['t'], values: [rows] } });
    expect(large.length).toBeGreaterThan(31 * 1024 * 1024);
    // The program looks for a column that is not there.
    const answer = await run(large);
    expect(answer.status).toBe(422);
    expect(await json<object>(answer)).toMatchObject({ type: 'program_failed', message: "KeyError: 'day'" });
    const tooLarge = await run(`${large}${' '.repeat(4 * 1024 * 1024)}`, '');
    expect(tooLarge.status).toBe(413);
    expect(await json<object>(tooLarge)).toMatchObject({ message: expect.any(String) });
  });

  test('is in the list, oldest first, without its code; and is deleted', async () => {
    const second = await stage.create({ ...fixtureOf('primes'), desired_action: 'one more' });
    interface List {
      total: number;
      items: { task_id: string; created_at: string }[];
    }
    const all = await json<List>(await api.ask('GET', '/api/tasks?limit=1000'));
    expect(Object.keys(all).toSorted()).toEqual(['items', 'limit', 'offset', 'total']);
    expect(all.items.map(({ created_at }) => created_at)).toEqual(
      all.items.map(({ created_at }) => created_at).toSorted(),
    );
    expect(all.items.at(-1)).toMatchObject({ task_id: second });
    expect(all.items.at(-1)).not.toHaveProperty('code');
    const page = await json<List>(await api.ask('GET', `/api/tasks?limit=1&offset=${all.total - 1}`));
    expect(page).toMatchObject({ total: all.total, limit: 1, offset: all.total - 1, items: [{ task_id: second }] });

    const gone = await api.ask('DELETE', `/api/task/${second}`);
    expect({ status: gone.status, body: await gone.text() }).toEqual({ status: 204, body: '' });
    expect((await json<List>(await api.ask('GET', '/api/tasks'))).total).toBe(all.total - 1);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/run'],
    ] as const) {
      const answer = await api.ask(
        method,
        `/api/task/${second}${path}`,
        method === 'POST' ? { inputs: {} } : undefined,
      );
      expect(answer.status).toBe(404);
      expect(await json<object>(answer)).toMatchObject({
        message: `Task '${second}' not found`,
        type: 'task_not_found',
      });
    }
  });

  test.each(['/api/tasks?limit=0', '/api/tasks?limit=x', '/api/tasks?offset=-1'])('%s is 422', async (path) => {
    const answer = await api.ask('GET', path);
    expect(answer.status).toBe(422);
    expect(await json<object>(answer)).toMatchObject({ message: expect.any(String), detail: expect.any(Array) });
  });

  test.each(['x', '..%2f..%2fetc', '%00', '00000000-0000-4000-8000-000000000000', 'A'.repeat(3000)])(
    'the id %s is 404',
    async (id) => {
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/run'],
      ] as const)
        expect((await api.ask(method, `/api/task/${id}${path}`, method === 'POST' ? {} : undefined)).status).toBe(404);
    },
  );
});

test('a wrong method is 405 in the same shape', async () => {
  const answer = await api.ask('GET', '/api/task/create');
  // A task of that name is not there.
  expect(answer.status).toBe(404);
  const put = await api.ask('PUT', '/api/tasks');
  expect(put.status).toBe(405);
  expect(await json<object>(put)).toMatchObject({ message: expect.any(String) });
});

describe('without a sandbox', () => {
  const states: [SandboxState, string][] = [
    [{ kind: 'preparing' }, 'sandbox_preparing'],
    [{ kind: 'unavailable', reason: 'There is no python3 here.' }, 'sandbox_unavailable'],
  ];
  test.each(states)('%j: 503 before anybody looks at the body; the rest answers', async (state, type) => {
    const other = await openApiStage(stage.world, { sandbox: { state: () => state } });
    try {
      for (const path of ['create', 'no-such-task/run']) {
        const answer = await other.ask('POST', `/api/task/${path}`, 'x'.repeat(2_000_000), {
          'content-length': '2000000',
        });
        expect(answer.status).toBe(503);
        expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
        expect(await json<object>(answer)).toMatchObject({ type, message: expect.any(String) });
      }
      expect((await other.ask('GET', '/api/tasks')).status).toBe(200);
    } finally {
      await other.close();
    }
  });

  test('in a worker elsewhere: 503, too, when its step has said so', async () => {
    const world = await openWorld();
    const other = await openApiStage(world);
    try {
      world.openai.script({ text: answerWith('def main_function():\n    pass\n') });
      const answer = await other.ask('POST', '/api/task/create', { desired_action: 'x', task_type: 'input' });
      expect(answer.status).toBe(503);
      expect(await json<object>(answer)).toMatchObject({ type: 'sandbox_unavailable' });
    } finally {
      await other.close();
      await world.close();
    }
  });
});

test('without a worker nobody waits: 503', async () => {
  const other = await openApiStage();
  try {
    const answer = await other.ask('POST', '/api/task/create', { desired_action: 'x', task_type: 'input' });
    expect(answer.status).toBe(503);
    expect(await json<object>(answer)).toMatchObject({ type: 'no_worker', message: expect.any(String) });
  } finally {
    await other.close();
  }
});

describe('handler(event)', () => {
  const { desired_action, task_type, answer } = fixtureOf('clean');
  const body = JSON.stringify({ desired_action, task_type });
  const events: [string, unknown][] = [
    ['the request itself', { desired_action, task_type }],
    ['a request of a gateway', { httpMethod: 'POST', body }],
    ['one in base64', { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }],
    ['one that is parsed already', { body: { desired_action, task_type } }],
  ];
  test.each(events)('creates a task of %s', async (_, event) => {
    stage.world.openai.script({ match: desired_action, text: answer });
    const { statusCode, headers, body: said } = await createHandler(api.deps)(event);
    expect({ statusCode, headers }).toEqual({ statusCode: 200, headers: { 'Content-Type': 'application/json' } });
    expect(JSON.parse(said)).toEqual({
      task_id: expect.stringMatching(uuid),
      task_name: 'Clean',
      message: 'Task Created!',
    });
  });

  test.each([
    [{}, 'No desired_action provided'],
    [{ body: '{' }, 'Error parsing request body'],
    [null, 'Error parsing request body'],
    [{ body: null }, 'Error parsing request body'],
  ])('%j is 400', async (event, message) => {
    const { statusCode, body: said } = await createHandler(api.deps)(event);
    expect(statusCode).toBe(400);
    expect(JSON.parse(said)).toMatchObject({ message: expect.stringContaining(message), type: 'invalid_request' });
  });

  test('as a platform loads it: a module that finds everything in its environment', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'waymark-serverless-'));
    const main = new URL('../serverless/main.ts', import.meta.url).href;
    const code = `const { handler } = await import(${JSON.stringify(main)});
      console.log(JSON.stringify(await handler({ body: '{}' })));
      process.exit(0);`;
    const env = {
      PATH: process.env['PATH'],
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      WAYMARK_DATA: cwd,
      LOG_LEVEL: 'silent',
    };
    const program = startProgram(process.execPath, ['--input-type=module', '-e', code], { env, cwd });
    await program.ended;
    expect(program.output()).toContain('"statusCode":400');
    const without = startProgram(process.execPath, ['--input-type=module', '-e', code], {
      env: { ...env, TEMPORAL_ADDRESS: '' },
      cwd,
    });
    await without.ended;
    expect(without.output()).toContain('TEMPORAL_ADDRESS must name a Temporal');
    await rm(cwd, { recursive: true, force: true });
  });
});

describe('the demo model', () => {
  const made = async (task_type: string): Promise<string> => {
    stage.world.openai.script({ text: (asked) => demoAnswer(asked).text });
    const answer = await api.ask('POST', '/api/task/create', { desired_action: 'whatever you like', task_type });
    const { task_id } = await json<{ task_id: string }>(answer);
    expect(stage.kept(task_id)).toMatchObject({
      task_name: expect.stringMatching(/^Demo: /),
      example: { result: { columns: expect.any(Array) } },
    });
    return task_id;
  };
  const resultOf = async (id: string, body: object) =>
    (await json<{ result: object }>(await api.ask('POST', `/api/task/${id}/run`, body))).result;

  test('writes a function for a data set', async () => {
    const id = await made('passthrough');
    const texts = ['Rivers carry water to rivers.', null];
    expect(await resultOf(id, { inputs: {}, input1: { columns: ['t'], values: [texts] } })).toEqual({
      columns: ['t', 'topics'],
      values: [texts, ['rivers, carry, water', '']],
    });
    expect(await resultOf(id, { inputs: {}, input1: { columns: ['n'], values: [[1, 2]] } })).toMatchObject({
      columns: ['figure', 'n'],
    });
  });

  test('writes a function for inputs', async () => {
    const id = await made('input');
    expect(await resultOf(id, { inputs: { text: 'Water, water and fire' } })).toEqual({
      columns: ['word', 'times'],
      values: [
        ['water', 'fire'],
        [2, 1],
      ],
    });
  });
});
