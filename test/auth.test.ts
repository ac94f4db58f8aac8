// Who is let in, and by what: keys and JWTs, on every route.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isOpen } from '../api/auth/open.ts';
import { json } from './api-stage.ts';
import { type AuthStage, openAuthStage } from './auth-stage.ts';

let api: AuthStage;
beforeAll(async () => {
  api = await openAuthStage();
});
afterAll(() => api.close());

/** Every route of the app once: middleware is none. */
const routesOf = (stage: AuthStage) => {
  const seen = new Map<string, { method: string; path: string }>();
  for (const { method, path } of stage.app.routes)
    if (method !== 'ALL') seen.set(`${method} ${path}`, { method, path });
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
  expect(open).toEqual(expect.arrayContaining(['/', '/health', '/api/health', '/docs', '/openapi.json', '/client.js']));
});
