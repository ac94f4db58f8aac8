// What the service says of itself: OpenAPI, its pages, health; all of it without any network.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiStage, json, openApiStage } from './api-stage.ts';

interface Operation {
  summary?: string;
  responses: Record<string, { description: string }>;
  requestBody?: { content: Record<string, { schema: { properties: Record<string, object> } }> };
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

let api: ApiStage;
let document: Document;
beforeAll(async () => {
  api = await openApiStage();
  document = await json<Document>(await api.ask('GET', '/openapi.json'));
});
afterAll(() => api.close());

/** Not routes of the API: pages and their files, and the socket, which OpenAPI cannot describe. */
const undescribed = /^\/$|^\/docs|^\/redoc|^\/console|^\/favicon|^\/openapi|^\/client|^\/hello|^\/chat|\/ws$|\*/;

test('every route is in the OpenAPI document, with a summary and its answers', () => {
  const routes = api.app.routes.filter(({ method, path }) => method !== 'ALL' && !undescribed.test(path));
  expect(routes.length).toBeGreaterThan(12);
  for (const { method, path } of routes) {
    const operation = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    expect({ method, path, summary: operation?.summary }).toEqual({ method, path, summary: expect.any(String) });
    for (const answer of Object.values(operation!.responses)) expect(answer.description).not.toBe('');
  }
});

test('every reference of the document leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(10);
  for (const [, name] of references) expect(Object.keys(document.components.schemas)).toContain(name);
});

test('each workflow has its own way to be started, with its own input', () => {
  const start = document.paths['/api/workflows/rag/runs']?.['post'];
  expect(start?.requestBody?.content['application/json']?.schema.properties['input']).toMatchObject({
    required: ['messages', 'url'],
    properties: { url: { type: 'string' } },
  });
});

test('the catalogue has the JSON Schema of every input', async () => {
  const { items } = await json<{ items: object[] }>(await api.ask('GET', '/api/workflows'));
  expect(items).toContainEqual({
    name: 'poem_flow',
    description: 'Writes a poem about how AI is awesome.',
    input_schema: expect.objectContaining({ type: 'object', properties: { sentence_count: expect.anything() } }),
    takes_messages: false,
  });
});

test.each(['/docs', '/redoc', '/', '/hello', '/chat'])('%s is a page whose every file is served here', async (path) => {
  const answer = await api.ask('GET', path, undefined, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('text/html');
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  const page = await answer.text();
  const files = [...page.matchAll(/(?:src|href|spec-url)="([^"]+)"/g)].map(([, file]) => file!);
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) {
    expect(file).toMatch(/^\//);
    const served = await api.ask('GET', file, undefined, { accept: '*/*' });
    expect({ file, status: served.status, length: (await served.arrayBuffer()).byteLength > 50 }).toEqual({
      file,
      status: 200,
      length: true,
    });
  }
});

test('a program that asks for / gets the name, the version and the endpoints', async () => {
  const about = await json<object>(await api.ask('GET', '/'));
  expect(about).toMatchObject({ name: 'Waymark', version: '0.0.0-test', openapi: '/openapi.json' });
  expect(about).toMatchObject({
    workflows: expect.arrayContaining([{ name: 'simple', start: '/api/workflows/simple/runs' }]),
  });
});

test('the service is alive, well and ready', async () => {
  expect(await json<object>(await api.ask('GET', '/health'))).toEqual({ status: 'healthy' });
  expect(await json<object>(await api.ask('GET', '/health/live'))).toEqual({ status: 'healthy' });
  expect((await api.ask('GET', '/health/ready')).status).toBe(200);
  expect(await json<object>(await api.ask('GET', '/api/health'))).toMatchObject({
    version: '0.0.0-test',
    timestamp: expect.stringMatching(/Z$/),
    components: { temporal: { status: 'up' } },
  });
  expect((await api.ask('GET', '/favicon.ico')).status).toBe(204);
});
