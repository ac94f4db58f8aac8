// Whatever a client sends, the answer says what is wrong with it: never a 500, never silence.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Body, type ApiStage, json, openApiStage } from './api-stage.ts';
import { type Call, routes } from './api-routes.ts';

let api: ApiStage;
beforeAll(async () => void (api = await openApiStage(undefined, { taskQueue: `nobody-${randomUUID()}` })));
afterAll(() => api.close());

const input = { messages: [{ role: 'user', content: 'hello' }] };
const start = '/api/workflows/simple/runs';

async function answerOf({ method, path, body, headers }: Call): Promise<Body & { status: number; headers: Headers }> {
  const answer = await api.ask(method, path, body, headers);
  return { ...(await json(answer)), status: answer.status, headers: answer.headers };
}

test.each<[string, Partial<Call>, number, string]>([
  ['an unknown workflow', { path: '/api/workflows/nothing/runs', body: { input } }, 404, 'workflow_not_found'],
  [
    "a workflow with the name of an object's own",
    { path: '/api/workflows/constructor/runs', body: { input } },
    404,
    'workflow_not_found',
  ],
  ['a body that is not JSON', { body: '{"input":' }, 400, 'invalid_json'],
  ['a body nested 100,000 deep', { body: '['.repeat(100_000) }, 400, 'invalid_json'],
  ['valid JSON nested 200 deep', { body: `{"input":${'['.repeat(200)}${']'.repeat(200)}}` }, 400, 'invalid_json'],
  [
    'a body that is not sent as JSON',
    { body: 'input=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    415,
    'unsupported_media_type',
  ],
  ['a body over 1 MiB', { body: { input, metadata: { a: 'x'.repeat(1024 * 1024) } } }, 413, 'body_too_large'],
  ['an unknown path', { path: '/api/nothing' }, 404, 'not_found'],
  ['a wrong method', { method: 'PUT' }, 405, 'method_not_allowed'],
  [
    'a page of another site',
    { body: { input }, headers: { origin: 'https://elsewhere.example' } },
    403,
    'origin_not_allowed',
  ],
])('%s is refused', async (_, call, status, type) => {
  const answer = await answerOf({ method: 'POST', path: start, ...call });
  expect(answer).toMatchObject({ status, type });
  expect(answer.request_id).toBe(answer.headers.get('x-request-id'));
});

test.each<[unknown, (string | number)[]]>([
  [{}, ['body', 'input', 'messages']],
  [{ input: 'text' }, ['body', 'input']],
  [{ input: null }, ['body', 'input', 'messages']],
  [{ input: { messages: [] } }, ['body', 'input', 'messages']],
  [{ input: { messages: [{ role: 'user' }] } }, ['body', 'input', 'messages', 0, 'content']],
  [{ input: { messages: [{ role: 'assistant', content: 'x' }] } }, ['body', 'input', 'messages']],
  [{ input, run_id: '' }, ['body', 'run_id']],
  [{ input, run_id: 'x'.repeat(201) }, ['body', 'run_id']],
  [{ input, run_id: 'a\u0000b' }, ['body', 'run_id']],
  [{ input, run_id: '\ud800' }, ['body', 'run_id']],
  [{ input, run_id: 7 }, ['body', 'run_id']],
  [{ input, tags: 'x' }, ['body', 'tags']],
  [{ input, tags: [''] }, ['body', 'tags', 0]],
  [{ input, tags: ['x'.repeat(256)] }, ['body', 'tags', 0]],
  [{ input, tags: Array(50).fill('x'.repeat(100)) }, ['body', 'tags']],
  [{ input, priority: 'urgent' }, ['body', 'priority']],
  [{ input, metadata: [] }, ['body', 'metadata']],
  [{ input, metadata: { a: 'x'.repeat(2048) } }, ['body', 'metadata']],
  [{ input, limits: { max_steps: 0 } }, ['body', 'limits', 'max_steps']],
  [{ input, limits: { max_steps: 1.5 } }, ['body', 'limits', 'max_steps']],
  [{ input, limits: { max_tokens: '1000' } }, ['body', 'limits', 'max_tokens']],
  [{ input, limits: { max_cost_usd: -1 } }, ['body', 'limits', 'max_cost_usd']],
  [{ input, limits: { deadline_s: 1e10 } }, ['body', 'limits', 'deadline_s']],
  [{ input, limits: { max_tokens: 1, on_breach: 'stop' } }, ['body', 'limits', 'on_breach']],
  [{ input, limits: { tokens: 1000 } }, ['body', 'limits']],
  [{ input, webhook: 'https://example.org' }, ['body', 'webhook']],
  [[], ['body']],
  [null, ['body']],
  [3, ['body']],
])('a start with %j is 422 and names the field', async (body, loc) => {
  const answer = await answerOf({ method: 'POST', path: start, body: JSON.stringify(body) });
  expect(answer).toMatchObject({ status: 422, type: 'invalid_request' });
  expect(answer.detail).toContainEqual({ loc, msg: expect.any(String), type: expect.any(String) });
});

test.each([
  ['/api/runs?limit=0', 'limit'],
  ['/api/runs?limit=1001', 'limit'],
  ['/api/runs?limit=x', 'limit'],
  ['/api/runs?limit=1&limit=2', 'limit'],
  ['/api/runs?limit=1e2', 'limit'],
  ['/api/runs?offset=-1', 'offset'],
  ['/api/runs?offset=1.5', 'offset'],
  ['/api/runs?offset=99999999999999999999', 'offset'],
  ['/api/runs?status=done', 'status'],
  ['/api/runs?problem=maybe', 'problem'],
  ['/api/runs/x/events?limit=0', 'limit'],
  ['/api/runs/x/result?timeout=301', 'timeout'],
  ['/api/runs/x/result?timeout=', 'timeout'],
])('GET %s is 422 and names the parameter', async (path, name) => {
  const answer = await answerOf({ method: 'GET', path });
  expect(answer.status).toBe(422);
  expect(answer.detail).toMatchObject([{ loc: ['query', name] }]);
});

test.each([
  ['pause', { mode: 'soon' }, 'mode'],
  ['resume', { action: 3 }, 'action'],
  ['answer', { value: 1 }, 'waiting_id'],
])('POST /%s with %j is 422 and names the field', async (what, body, name) => {
  const answer = await answerOf({ method: 'POST', path: `/api/runs/x/${what}`, body });
  expect(answer).toMatchObject({ status: 422, detail: [{ loc: ['body', name] }] });
});

test('what comes later is said to come later', async () => {
  const { detail } = await answerOf({ method: 'POST', path: start, body: { input, webhook: 'x' } });
  expect(detail).toMatchObject([{ msg: expect.stringContaining('come later') }]);
});

test('a bad Idempotency-Key is 422', async () => {
  const answer = await answerOf({
    method: 'POST',
    path: start,
    body: { input },
    headers: { 'idempotency-key': 'x'.repeat(256) },
  });
  expect(answer).toMatchObject({ status: 422, detail: [{ loc: ['header', 'idempotency-key'] }] });
});

test('an Idempotency-Key names the run, so a run_id beside it is refused', async () => {
  const answer = await answerOf({
    method: 'POST',
    path: start,
    body: { input, run_id: randomUUID() },
    headers: { 'idempotency-key': randomUUID() },
  });
  expect(answer).toMatchObject({ status: 422, detail: [{ loc: ['body', 'run_id'] }] });
});

test('every route answers a wrong method with 405 and the right ones', async () => {
  for (const { path } of routes('x')) {
    const answer = await answerOf({ method: 'PATCH', path });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toMatch(/GET|POST|DELETE/);
  }
});

test.each([
  'nothing-here',
  'x'.repeat(201),
  'x'.repeat(5000),
  '%00',
  '%ff',
  '%ud800',
  'a\'b"c%5Cd',
  '..%2f..',
  '%F0%9F%98%80',
])('the id %s of no run is 404, and 400 where runs are steered', async (id) => {
  for (const path of ['', '/events', '/result']) {
    const answer = await answerOf({ method: 'GET', path: `/api/runs/${id}${path}` });
    expect(answer).toMatchObject({ status: 404, type: 'run_not_found' });
  }
  for (const what of ['pause', 'resume', 'cancel']) {
    const answer = await answerOf({ method: 'POST', path: `/api/runs/${id}/${what}` });
    expect(answer).toMatchObject({ status: 400, type: 'run_not_found' });
  }
  expect((await answerOf({ method: 'DELETE', path: `/api/runs/${id}` })).status).toBe(404);
});

test('a request id that makes sense is kept, another one is replaced, and each stands in the log', async () => {
  const kept = await api.ask('GET', '/api/runs/nothing', undefined, { 'x-request-id': 'from-a-client-1' });
  expect(kept.headers.get('x-request-id')).toBe('from-a-client-1');
  const replaced = await api.ask('GET', '/health', undefined, { 'x-request-id': 'a b\tc' });
  expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  for (const answer of [kept, replaced])
    expect(api.log.join()).toContain(`"request_id":"${answer.headers.get('x-request-id')}"`);
});

test('a fault of ours is 500, and its text is in the log alone', async () => {
  const streams = { ...api.deps.streams, page: () => Promise.reject(new Error('the secret of the house')) };
  const broken = await openApiStage(undefined, { streams });
  const id = await broken.start('simple', input);
  const answer = await broken.ask('GET', `/api/runs/${id}/events`);
  expect(answer.status).toBe(500);
  const body = await json(answer);
  expect(body).toEqual({
    error: 'Internal server error',
    detail: 'An error occurred',
    type: 'internal',
    request_id: answer.headers.get('x-request-id'),
  });
  const line = broken.log.find((logged) => logged.includes('the secret of the house'));
  expect(line).toContain(body.request_id);
  await broken.close();
});

test('the configured origin may use cookies, another one is told nothing', async () => {
  const ours = await api.ask('OPTIONS', start, undefined, {
    origin: 'http://localhost:3000',
    'access-control-request-method': 'POST',
  });
  expect(ours.status).toBe(204);
  expect(ours.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
  expect(ours.headers.get('access-control-allow-credentials')).toBe('true');
  const other = await api.ask('GET', '/api/runs', undefined, { origin: 'https://elsewhere.example' });
  expect(other.headers.get('access-control-allow-origin')).toBeNull();
});

test('a body of over 1 MiB in chunks, its length never told, is 413 too', async () => {
  const server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const at = server.address();
  const post = request({
    port: typeof at === 'object' ? at?.port : 0,
    host: '127.0.0.1',
    path: start,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
  });
  post.on('error', () => {});
  const answered = once(post, 'response');
  for (let sent = 0; sent < 20; sent++) post.write('x'.repeat(100_000));
  const [answer] = await answered;
  expect(answer.statusCode).toBe(413);
  post.destroy();
  server.close();
});
