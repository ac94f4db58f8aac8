// Who is let in, and by what: keys and JWTs, on every route.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { serve } from '@hono/node-server';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import OpenAI, { AuthenticationError, PermissionDeniedError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isOpen } from '../api/auth/open.ts';
import { ownerOf, shownOwner } from '../api/auth/owner.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { type AuthStage, keyOf, openAuthStage } from './auth-stage.ts';

let api: AuthStage;
beforeAll(async () => {
  api = await openAuthStage();
});
afterAll(() => api.close());

const input = { messages: [{ role: 'user', content: 'hello' }] };

/** Every route of the app once: middleware is none. */
const routesOf = ({ app }: ApiStage) => {
  const seen = new Map<string, { method: string; path: string }>();
  for (const { method, path } of app.routes) if (method !== 'ALL') seen.set(`${method} ${path}`, { method, path });
  return [...seen.values()];
};

const filled = (path: string): string => path.replace(/:\w+(\{[^}]*\})?/g, 'x').replace(/\*$/, 'x');

test('every route is open, or answers 401 with a request id to whoever has no token', async () => {
  const routes = routesOf(api);
  expect(routes.length).toBeGreaterThan(50);
  const open: string[] = [];
  for (const { method, path } of routes) {
    const answer = await api.ask(method, filled(path), method === 'GET' ? undefined : {});
    expect(answer.headers.get('x-request-id'), path).toMatch(/.{8}/);
    if (isOpen(method, path)) {
      open.push(path);
      expect(answer.status, path).not.toBe(401);
      continue;
    }
    expect(answer.status, `${method} ${path}`).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="waymark"');
    expect(await json(answer)).toMatchObject({
      type: 'invalid_token',
      detail: 'Invalid token',
      request_id: answer.headers.get('x-request-id'),
    });
  }
  const pages = ['/', '/health', '/health/live', '/health/ready', '/api/health', '/docs', '/redoc', '/openapi.json'];
  expect(open).toEqual(expect.arrayContaining([...pages, '/client.js']));
  expect(open.filter((path) => path.startsWith('/api'))).toEqual(['/api/health']);
});

test('what is not there is 401, too, and a preflight needs no token', async () => {
  expect((await api.ask('GET', '/nothing')).status).toBe(401);
  expect((await api.as('vic')('GET', '/nothing')).status).toBe(404);
  expect((await api.ask('DELETE', '/api/runs')).status).toBe(401);
  const preflight = await api.ask('OPTIONS', '/api/runs', undefined, {
    origin: 'http://localhost:3000',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,x-api-key',
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toMatch(/authorization.*x-api-key/i);
});

test('a viewer changes nothing, on any route; an admin’s routes are for admins', async () => {
  for (const { method, path } of routesOf(api).filter(({ method }) => method !== 'GET')) {
    const answer = await api.as('vic')(method, filled(path), {});
    expect(answer.status, `${method} ${path}`).toBe(403);
    expect((await json(answer)).type).toBe('forbidden');
  }
  for (const { method, path } of routesOf(api).filter(({ path }) => path.startsWith('/api/admin')))
    expect((await api.as('ann')(method, filled(path), {})).status, path).toBe(403);
  expect((await api.as('ann')('GET', '/metrics')).status).toBe(403);
  expect((await api.as('vic')('GET', '/metrics')).status).not.toBe(403);
});

test('a key goes in either header; another scheme, an empty and a wrong one are refused alike', async () => {
  const get = async (headers: Record<string, string>) => (await api.ask('GET', '/api/runs', undefined, headers)).status;
  expect(await get({ authorization: `Bearer ${keyOf('ann')}` })).toBe(200);
  expect(await get({ authorization: `bearer ${keyOf('ann')}` })).toBe(200);
  expect(await get({ 'x-api-key': keyOf('ann') })).toBe(200);
  const wrong: Record<string, string>[] = [
    { authorization: keyOf('ann') },
    { authorization: `Basic ${keyOf('ann')}` },
    { authorization: 'Bearer ' },
    { authorization: `Bearer ${keyOf('ann')}x` },
    { authorization: 'Bearer wrong', 'x-api-key': keyOf('ann') },
    { 'x-api-key': '' },
    { 'x-api-key': 'ann' },
  ];
  for (const headers of wrong) expect(await get(headers), JSON.stringify(headers)).toBe(401);
  const answer = await api.ask('GET', '/api/runs', undefined, { 'x-api-key': 'wrong' });
  expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
});

test('in the address a token counts for streams alone', async () => {
  const answer = await api.as('ann')('POST', '/api/workflows/simple/runs', { input });
  const { run_id } = await json<{ run_id: string }>(answer);
  await api.client.workflow.getHandle(run_id).terminate();
  const path = `/api/runs/${run_id}/events?access_token=${keyOf('ann')}`;
  const stream = await api.ask('GET', path, undefined, { accept: 'text/event-stream' });
  expect(stream.headers.get('x-request-id')).toBeTruthy();
  expect(await stream.text()).toContain('event: run_failed');
  expect((await api.ask('GET', `/api/runs?access_token=${keyOf('ann')}`)).status).toBe(401);
  expect((await api.ask('POST', `/api/workflows/simple/runs?access_token=${keyOf('ann')}`, { input })).status).toBe(
    401,
  );
  expect(
    (await api.ask('GET', path.replace('key-of', 'no-key-of'), undefined, { accept: 'text/event-stream' })).status,
  ).toBe(401);
});

test('no key is ever logged, and each line of a request has its id', async () => {
  const from = api.log.length;
  const id = 'of-this-test-alone';
  await api.ask('GET', `/api/runs/x/events?access_token=${keyOf('ann')}`, undefined, {
    accept: 'text/event-stream',
    'x-request-id': id,
  });
  await api.as('ann')('GET', '/api/runs/x');
  await api.ask('GET', '/api/runs/x', undefined, { 'x-api-key': 'a wrong key' });
  const lines = api.log.slice(from);
  expect(lines.join()).not.toMatch(/key-of|wrong key|access_token/);
  expect(lines.map((line) => JSON.parse(line)).every((line) => 'request_id' in line)).toBe(true);
  expect(lines.some((line) => JSON.parse(line).request_id === id)).toBe(true);
});

test('every refusal has the id of its request', async () => {
  const headers = { 'content-type': 'text/plain' };
  const refused = [
    [404, await api.as('ann')('GET', '/nothing')],
    [404, await api.as('ann')('GET', '/api/runs/x')],
    [405, await api.as('ann')('DELETE', '/api/workflows')],
    [413, await api.as('ann')('POST', '/api/agents', 'x'.repeat(1024 * 1024 + 1))],
    [415, await api.as('ann')('POST', '/api/chat', 'x', headers)],
    [422, await api.as('ann')('POST', '/api/chat', {})],
    [403, await api.as('ann')('POST', '/api/chat', {}, { origin: 'https://evil.example' })],
  ] as const;
  for (const [status, answer] of refused) {
    expect(answer.status).toBe(status);
    expect((await json(answer)).request_id).toBe(answer.headers.get('x-request-id'));
  }
});

test('the openai package comes in with a key as its API key, and reads why it may not', async () => {
  const server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const at = server.address();
  const baseURL = `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}/v1`;
  const openai = (apiKey: string) => new OpenAI({ baseURL, apiKey, maxRetries: 0 });
  expect((await openai(keyOf('vic')).models.list()).object).toBe('list');
  await expect(openai('wrong').models.list()).rejects.toBeInstanceOf(AuthenticationError);
  await expect(openai('wrong').models.list()).rejects.toMatchObject({ code: 'invalid_token', status: 401 });
  const asked = { model: 'assistant', messages: [{ role: 'user' as const, content: 'x' }] };
  await expect(openai(keyOf('vic')).chat.completions.create(asked)).rejects.toBeInstanceOf(PermissionDeniedError);
  server.close();
});

test('the OpenAPI document says what each route asks for, and with auth off nothing of it', async () => {
  const read = async (stage: ApiStage) =>
    json<{ paths: Record<string, Record<string, { security?: object[]; responses: object }>>; components: object }>(
      await stage.ask('GET', '/openapi.json'),
    );
  const { paths, components } = await read(api);
  expect(components).toHaveProperty('securitySchemes.bearer');
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { security, responses }] of Object.entries(methods)) {
      const open = isOpen(method.toUpperCase(), path);
      expect(security === undefined, path).toBe(open);
      expect('401' in responses, path).toBe(!open);
      expect('403' in responses || method === 'get' || open, path).toBe(true);
    }
  const off = await openApiStage();
  expect(JSON.stringify(await read(off))).not.toContain('securitySchemes');
  expect((await off.ask('GET', '/api/runs')).status).toBe(200);
  await off.close();
});

describe('JSON Web Tokens', () => {
  const secret = 'a secret that is long enough for HS256';
  const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const claims = (more: object = {}) => ({ sub: 'joe', role: 'user', exp: inAnHour(), ...more });
  const signed = (payload: object, key: Parameters<SignJWT['sign']>[0] = bytes(secret), header: object = {}) =>
    new SignJWT({ ...payload }).setProtectedHeader({ alg: 'HS256', ...header }).sign(key);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const status = async (stage: ApiStage, token: string) =>
    (await stage.ask('GET', '/api/runs', undefined, { authorization: `Bearer ${token}` })).status;

  test('one that is signed with the secret lets in whom it names, with its role', async () => {
    const stage = await openAuthStage(undefined, { jwt: { secret } });
    const headers = { authorization: `Bearer ${await signed(claims())}` };
    const started = await stage.ask('POST', '/api/workflows/simple/runs', { input }, headers);
    expect(started.status).toBe(202);
    const { run_id } = await json<{ run_id: string }>(started);
    expect(
      (await json<{ owner: string }>(await stage.ask('GET', `/api/runs/${run_id}`, undefined, headers))).owner,
    ).toBe('joe');
    const viewer = { authorization: `Bearer ${await signed(claims({ role: 'viewer' }))}` };
    expect((await stage.ask('POST', '/api/workflows/simple/runs', { input }, viewer)).status).toBe(403);
    // Keys go on beside it.
    expect((await stage.as('ada')('GET', `/api/runs/${run_id}`)).status).toBe(200);
    expect((await stage.as('ann')('GET', `/api/runs/${run_id}`)).status).toBe(404);
    await stage.client.workflow.getHandle(run_id).terminate();
    await stage.close();
  });

  test('expired, unsigned, foreign and incomplete ones are refused, all alike', async () => {
    const stage = await openAuthStage(undefined, { jwt: { secret } });
    const { exp: _, ...forEver } = claims();
    const { sub: __, ...ofNobody } = claims();
    const { role: ___, ...without } = claims();
    const good = await signed(claims());
    const [header, payload, signature] = good.split('.');
    const bad = {
      expired: await signed(claims({ exp: Math.floor(Date.now() / 1000) - 1 })),
      'not yet': await signed(claims({ nbf: inAnHour() })),
      'without an end': await signed(forEver),
      'of nobody': await signed(ofNobody),
      'of an empty name': await signed(claims({ sub: '' })),
      'of a number': await signed({ ...claims(), sub: 7 }),
      'without a role': await signed(without),
      'with an unknown role': await signed(claims({ role: 'root' })),
      'signed by somebody else': await signed(claims(), bytes('another secret, as long as the other one')),
      'signed otherwise': await signed(claims(), bytes(secret.repeat(2)), { alg: 'HS512' }),
      'alg none': `${part({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      'alg None': `${part({ alg: 'None', typ: 'JWT' })}.${payload}.`,
      unsigned: `${header}.${payload}.`,
      'changed afterwards': `${header}.${part(claims({ role: 'admin' }))}.${signature}`,
      'in two parts': `${header}.${payload}`,
      garbage: 'a.b.c',
    };
    expect(await status(stage, good)).toBe(200);
    for (const [what, token] of Object.entries(bad)) {
      const answer = await stage.ask('GET', '/api/runs', undefined, { authorization: `Bearer ${token}` });
      expect(answer.status, what).toBe(401);
      expect((await json(answer)).detail).toBe('Invalid token');
    }
    expect(stage.log.join()).not.toContain(good);
    await stage.close();
  });

  test('issuer and audience are checked when they are set', async () => {
    const jwt = { secret, issuer: 'https://id.example.com', audience: ['waymark', 'other'] };
    const stage = await openAuthStage(undefined, { jwt });
    const to = { iss: jwt.issuer, aud: 'waymark' };
    expect(await status(stage, await signed(claims(to)))).toBe(200);
    expect(await status(stage, await signed(claims({ ...to, aud: ['x', 'other'] })))).toBe(200);
    expect(await status(stage, await signed(claims({ ...to, iss: 'https://id.example.com.evil' })))).toBe(401);
    expect(await status(stage, await signed(claims({ ...to, aud: 'somebody' })))).toBe(401);
    expect(await status(stage, await signed(claims({ iss: jwt.issuer })))).toBe(401);
    expect(await status(stage, await signed(claims({ aud: 'waymark' })))).toBe(401);
    await stage.close();
  });

  test('public keys are read from their address, and are no secrets to sign with', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const other = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    let reads = 0;
    const [jwksUrl, server] = await serving(() => {
      reads++;
      return { keys: [jwk] };
    });
    const stage = await openAuthStage(undefined, { jwt: { jwksUrl } });
    const head = { alg: 'RS256', kid: 'one' };
    expect(await status(stage, await signed(claims(), privateKey, head))).toBe(200);
    expect(await status(stage, await signed(claims(), privateKey, head))).toBe(200);
    expect(await status(stage, await signed(claims(), other.privateKey, head))).toBe(401);
    expect(await status(stage, await signed(claims(), privateKey, { ...head, kid: 'two' }))).toBe(401);
    // The key that everybody may read, taken for the secret.
    for (const known of [JSON.stringify(jwk), String(jwk.n)])
      expect(await status(stage, await signed(claims(), bytes(known), { alg: 'HS256', kid: 'one' }))).toBe(401);
    expect(reads).toBe(1);
    await stage.close();
    server.close();
  });

  test('public keys that cannot be had let nobody in, and say so', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const [jwksUrl, server] = await serving(() => undefined);
    const stage = await openAuthStage(undefined, { jwt: { jwksUrl } });
    const token = await signed(claims(), privateKey, { alg: 'RS256', kid: 'one' });
    const answer = await stage.ask('GET', '/api/runs', undefined, { authorization: `Bearer ${token}` });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBeTruthy();
    expect(await json(answer)).toMatchObject({ type: 'keys_unavailable' });
    expect((await stage.as('ann')('GET', '/api/workflows')).status).toBe(200);
    server.close();
    await once(server, 'close');
    expect(await status(stage, token)).toBe(503);
    await stage.close();
  });
});

/** Undefined: it is broken. */
async function serving(document: () => object | undefined): Promise<[url: string, server: Server]> {
  const server = createServer((_, answer) => {
    const body = document();
    answer.writeHead(body ? 200 : 500, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const at = server.address();
  return [`http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}/jwks.json`, server];
}

test('owners that differ differ in any store, and are shown as they are', () => {
  const names = [
    'ann',
    'Ann',
    'ANN',
    'ánn',
    'ann ',
    "an'n",
    'auth0|5F',
    'auth0|5f',
    'a%41',
    'aA',
    'a:b',
    '日本',
    'x'.repeat(300),
  ];
  const owners = names.map(ownerOf);
  expect(new Set(owners.map((owner) => owner.toLowerCase())).size).toBe(names.length);
  for (const owner of owners) expect(owner).toMatch(/^[\w.@+|%-]{1,255}$/);
  expect(owners.slice(0, -1).map(shownOwner)).toEqual(names.slice(0, -1));
  expect(ownerOf('ann.b@example.com')).toBe('ann.b@example.com');
});
