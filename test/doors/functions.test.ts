// Python tasks, as their document and its clients have them: the words of each error, the keys of each answer, the button.
// What needs a sandbox is in test/api-tasks.test.ts.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pagePolicy } from '../../api/assets.ts';
import { type ApiStage, json, openApiStage } from '../api-stage.ts';
import { openWorld, type World } from '../world.ts';

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

interface Refusal {
  message: string;
  detail: string | object[];
  type: string;
  request_id: string;
}

/** Every error of this door has `message` and `detail`, which say the same unless fields are wrong. */
async function refused(answer: Response, status: number): Promise<Refusal> {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/json');
  const body = await json<Refusal>(answer);
  expect(body).toMatchObject({ message: expect.any(String), type: expect.any(String), request_id: expect.any(String) });
  if (typeof body.detail === 'string') expect(body.detail).toBe(body.message);
  else expect(body.detail[0]).toMatchObject({ loc: expect.any(Array), msg: expect.any(String) });
  return body;
}

describe('the button', () => {
  test('GET /api/get_data says hello, with nothing else', async () => {
    const answer = await api.ask('GET', '/api/get_data');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('{"message":"Hello World!"}');
  });

  test('is on the page /hello, which takes nothing from elsewhere', async () => {
    const answer = await api.ask('GET', '/hello');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toBe(pagePolicy);
    const page = await answer.text();
    expect(page).toMatch(/<button type="button" id="test">/);
    expect(page).not.toMatch(/https?:\/\/|<script>|style=/);
    expect(await (await api.ask('GET', '/console/hello.js')).text()).toContain("fetch('/api/get_data'");
  });
});

describe('POST /api/task/create', () => {
  const create = (body: unknown, headers?: Record<string, string>) =>
    api.ask('POST', '/api/task/create', body, headers);

  const incomplete: [unknown, string][] = [
    [{}, 'No desired_action provided'],
    [{ task_type: 'input' }, 'No desired_action provided'],
    [{ desired_action: '', task_type: 'input' }, 'No desired_action provided'],
    [{ desired_action: 'add two numbers' }, 'No task_type provided'],
    [{ desired_action: 'add two numbers', task_type: '' }, 'No task_type provided'],
    [{ desired_action: 'add two numbers', task_type: 'output' }, "task_type must be either 'input' or 'passthrough'"],
    [{ desired_action: 'add two numbers', task_type: 'INPUT' }, "task_type must be either 'input' or 'passthrough'"],
  ];
  test.each(incomplete)('%j is 400: %s', async (body, message) => {
    expect((await refused(await create(body), 400)).message).toBe(message);
  });

  test.each([
    '',
    '{',
    '[]',
    'null',
    '"input"',
    '5',
    '{"desired_action": 5}',
    '{"desired_action": "x", "task_type": []}',
  ])('the body %j is 400: a parsing error', async (body) => {
    expect((await refused(await create(body), 400)).message).toMatch(/^Error parsing request body: ./);
  });

  test('an answer that stays unusable is 502, after three calls of the model', async () => {
    world.openai.script({ text: 'I would rather not.', times: Infinity });
    const { message } = await refused(await create({ desired_action: 'anything', task_type: 'input' }), 502);
    expect(message).toMatch(/asked 3 times/);
    expect(world.openai.ledger).toHaveLength(3);
  });

  test('a provider that refuses is 502', async () => {
    world.openai.script({ fault: { status: 401 }, times: Infinity });
    const { type } = await refused(await create({ desired_action: 'anything', task_type: 'input' }), 502);
    expect(type).toBe('model_failed');
  });
});

describe('a task that is kept', () => {
  const kept = {
    task_id: '',
    task_name: 'Add',
    task_type: 'input' as const,
    desired_action: 'add two numbers',
    user_inputs: { a: { type: 'int', description: 'the first', hint: 'word for word' } },
    packages_used: ['pandas'],
    created_at: '2026-01-31T12:00:00.000Z',
  };
  const code = 'def main_function(a):\n    return a\n';
  let task_id: string;
  beforeAll(async () => {
    task_id = randomUUID();
    const example = { inputs: { a: 1 }, error: { type: 'x', message: 'not told' } };
    await api.deps.functions.write({ ...kept, task_id, code, example });
  });

  test('is read: its metadata and its code, and no other keys', async () => {
    const answer = await api.ask('GET', `/api/task/${task_id}`);
    expect(answer.status).toBe(200);
    const task = await json<object>(answer);
    expect(task).toEqual({ ...kept, task_id, code });
    expect(Object.keys(task)).toEqual([...Object.keys(kept), 'code']);
  });

  test('is listed without its code', async () => {
    const answer = await api.ask('GET', '/api/tasks?limit=7&offset=0');
    expect(await json<object>(answer)).toEqual({ total: 1, items: [{ ...kept, task_id }], limit: 7, offset: 0 });
  });

  const run = (body: unknown) => api.ask('POST', `/api/task/${task_id}/run`, body);
  const wrong: [string, unknown, (string | number)[]][] = [
    ['an input that is missing', { inputs: {} }, ['body', 'inputs', 'a']],
    ['an input too many', { inputs: { a: 1, b: 2 } }, ['body', 'inputs', 'b']],
    ['text for a number', { inputs: { a: '1' } }, ['body', 'inputs', 'a']],
    ['true for a number', { inputs: { a: true } }, ['body', 'inputs', 'a']],
    ['a data set that nobody asked for', { inputs: { a: 1 }, input1: { columns: [], values: [] } }, ['body', 'input1']],
    ['inputs that are none', { inputs: 5 }, ['body', 'inputs']],
  ];
  test.each(wrong)('is not run with %s: 422', async (_, body, loc) => {
    const { detail } = await refused(await run(body), 422);
    expect(detail).toEqual([expect.objectContaining({ loc })]);
  });

  test('is not run with a body that is not JSON: 400', async () => {
    expect((await refused(await run('{"inputs":'), 400)).message).toMatch(/^Error parsing request body: ./);
  });

  test('is deleted, and is not there then: 404, as one that never was', async () => {
    const gone = await api.ask('DELETE', `/api/task/${task_id}`);
    expect({ status: gone.status, body: await gone.text() }).toEqual({ status: 204, body: '' });
    for (const id of [task_id, randomUUID(), 'no-uuid', '%00']) {
      const calls = [
        ['GET', `/api/task/${id}`, undefined],
        ['DELETE', `/api/task/${id}`, undefined],
        ['POST', `/api/task/${id}/run`, { inputs: { a: 1 } }],
      ] as const;
      for (const [method, path, body] of calls) {
        const { message } = await refused(await api.ask(method, path, body), 404);
        expect(message).toBe(`Task '${decodeURIComponent(id)}' not found`);
      }
    }
  });
});

test.each(['limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'offset=1.5'])(
  'GET /api/tasks?%s is 422',
  async (query) => {
    expect((await refused(await api.ask('GET', `/api/tasks?${query}`), 422)).detail).toHaveLength(1);
  },
);
