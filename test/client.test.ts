// The client against a real service, over a network that breaks: it tells every event once.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { serve } from '@hono/node-server';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import * as client from '../client/index.ts';
import type { ClientEvent } from '../client/index.ts';
import { type ApiStage, openApiStage } from './api-stage.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { defaultAnswer } from './openai.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let api: ApiStage;
let server: ReturnType<typeof serve>;
let base: string;
let proxy: CuttingProxy;
const agent_id = `client-${randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  world = await openWorld();
  api = await openApiStage(world);
  await api.ask('POST', '/api/agents', { name: agent_id });
  server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const at = server.address();
  const port = typeof at === 'object' && at ? at.port : 0;
  base = `http://127.0.0.1:${port}`;
  proxy = await startCuttingProxy(port);
});
afterAll(async () => {
  await proxy.close();
  server.close();
  await api.close();
  await world.close();
});
beforeEach(() => world.openai.reset());
afterEach(() => proxy.plan());

const ask = (content: string) => ({ input: { messages: [{ role: 'user', content }] } });

async function all(events: AsyncIterable<ClientEvent>): Promise<ClientEvent[]> {
  const heard: ClientEvent[] = [];
  for await (const event of events) heard.push(event);
  return heard;
}

const idsOf = (events: ClientEvent[]): string[] => events.flatMap((event) => ('id' in event ? [event.id] : []));

const textOf = (events: ClientEvent[]): string =>
  events.map((event) => (event.type === 'content_delta' ? event.data.content : '')).join('');

const quick = { waitMs: 5 };

test('over a connection that is cut eight times in mid-answer, every event comes once and the deltas are the stored answer', async () => {
  world.openai.script({ match: 'cut to pieces', tokens: 60, tokenMs: 15 });
  const before = proxy.cuts();
  // The head of an answer has about 350 bytes: some break in it, some in an event, the first before run_started.
  proxy.plan(100, 700, 900, 350, 1100, 650, 20, 1400);
  const events = await all(client.chat({ agent_id, message: 'cut to pieces' }, { base: proxy.url, ...quick }));
  expect(proxy.cuts() - before).toBe(8);
  expect(events[0]!.type).toBe('run_started');
  expect(new Set(idsOf(events)).size).toBe(events.length);
  const last = events.at(-1)!;
  const run_id = last.type === 'run_completed' ? last.data.run_id : '';
  const run = await api.until(run_id, ({ status }) => status === 'completed');
  expect(textOf(events)).toBe(run.response_content);
  expect(textOf(events).length).toBeGreaterThan(100);
  // What was sent again without an answer is one run, paid once.
  expect(world.openai.matching('cut to pieces')).toHaveLength(1);
});

test('messages to a session that is at work wait for their turn, also when their connections break before it comes', async () => {
  world.openai.script({ match: 'the first', tokens: 30, tokenMs: 15 });
  const session_id = randomUUID();
  const say = (message: string) => all(client.chat({ agent_id, message, session_id }, { base: proxy.url, ...quick }));
  const first = say('the first');
  await world.openai.until(() => world.openai.matching('the first').length > 0);
  proxy.plan(30, 380, 30);
  const others = await Promise.all([say('the second'), say('the third')]);
  expect((await first).at(-1)!.type).toBe('run_completed');
  expect(others.map(textOf)).toEqual([defaultAnswer('the second'), defaultAnswer('the third')]);
  for (const events of others) expect(new Set(idsOf(events)).size).toBe(events.length);
  for (const each of ['the first', 'the second', 'the third']) {
    const asked = world.openai.ledger.filter(({ prompt }) => prompt === each);
    expect(asked).toHaveLength(1);
  }
});

test('a run is watched from its beginning, by any number, and the newest text is its answer', async () => {
  const id = await api.start('simple', ask('to be watched').input);
  await api.until(id, ({ status }) => status === 'completed');
  const [events, again] = await Promise.all([all(client.watch(id, { base })), all(client.watch(id, { base }))]);
  expect(again).toEqual(events);
  const texts = client.createTexts();
  for (const event of events) texts.take(event);
  expect(texts.newest()).toBe(defaultAnswer('to be watched'));
});

test('refusals come as WaymarkError with what the service says of them, at once', async () => {
  const refused = all(client.watch('nobody', { base }));
  await expect(refused).rejects.toBeInstanceOf(client.WaymarkError);
  await expect(refused).rejects.toMatchObject({
    status: 404,
    type: 'run_not_found',
    detail: "Run 'nobody' not found",
    message: "Run 'nobody' not found",
    request_id: expect.any(String),
  });
  await expect(all(client.start('simple', { input: {} }, { base }))).rejects.toMatchObject({
    status: 422,
    detail: [expect.objectContaining({ loc: ['body', 'input', 'messages'] })],
  });
  await expect(client.pause('nobody', { base })).rejects.toMatchObject({ status: 400, type: 'run_not_found' });
});

test('nobody there: it is tried as often as said, then the error of the last try comes', async () => {
  let tried = 0;
  const counting: typeof fetch = async () => {
    tried++;
    throw new TypeError('fetch failed');
  };
  const events = client.watch('x', { base, fetch: counting, waitMs: 1, tries: 4 });
  await expect(all(events)).rejects.toThrow('fetch failed');
  expect(tried).toBe(4);
});

test('a place that the service no longer has restarts the stream, and says so', async () => {
  const id = await api.start('simple', ask('restarted').input);
  await api.until(id, ({ status }) => status === 'completed');
  let calls = 0;
  const broken: typeof fetch = async (url, init) => {
    calls++;
    if (calls === 2) return Response.json({ type: 'event_id_expired', detail: 'gone' }, { status: 410 });
    const answer = await fetch(url, init);
    if (calls > 2) return answer;
    // Only the first event, then a break.
    const text = await answer.text();
    return new Response(text.slice(0, text.indexOf('event: step_started')), answer);
  };
  const events = await all(client.watch(id, { base, fetch: broken, ...quick }));
  const types = events.map(({ type }) => type);
  expect(types.slice(0, 4)).toEqual(['run_started', 'restarted', 'run_started', 'step_started']);
  expect(types.at(-1)).toBe('run_completed');
  expect(calls).toBe(3);
});

test('a connection on which nothing comes any more is left for a new one', async () => {
  world.openai.script({ match: 'falls silent', tokens: 30, tokenMs: 20 });
  const events: ClientEvent[] = [];
  const options = { base: proxy.url, ...quick, silenceMs: 300 };
  for await (const event of client.start('simple', ask('falls silent'), options)) {
    events.push(event);
    if (events.length === 5) {
      proxy.freeze(true);
      setTimeout(() => proxy.freeze(false), 200);
    }
  }
  expect(events.at(-1)!.type).toBe('run_completed');
  expect(new Set(idsOf(events)).size).toBe(events.length);
  expect(textOf(events)).toMatch(/\w+$/);
});

test('whoever stops reading closes the connection, by break and by signal; the run goes on', async () => {
  world.openai.script({ match: 'left alone', tokens: 20, tokenMs: 20, times: 2 });
  let id = '';
  for await (const event of client.start('simple', ask('left alone'), { base })) {
    if (event.type === 'run_started') id = event.data.run_id;
    if (event.type === 'content_delta') break;
  }
  const leaving = new AbortController();
  const reading = all(client.watch(id, { base, signal: leaving.signal }));
  setTimeout(() => leaving.abort(new Error('enough')), 50);
  await expect(reading).rejects.toThrow('enough');
  const run = await api.until(id, ({ status }) => status === 'completed');
  expect(run.response_content).not.toBe('');
});

test('pause, resume, fork, cancel are one call each', async () => {
  world.openai.script({ match: 'to be steered', tokens: 1500, tokenMs: 20, times: Infinity });
  const id = await api.start('simple', ask('to be steered').input);
  await api.until(id, ({ status }) => status === 'running');
  expect(await client.pause(id, { base, mode: 'now' })).toMatchObject({ success: true, run_id: id });
  await api.until(id, ({ status }) => status === 'paused');
  expect(await client.resume(id, { base })).toMatchObject({ success: true, run_id: id });
  const { new_run_id } = await client.fork(id, { modifications: { modified_query: 'another way' } }, { base });
  expect(await client.cancel(id, { base })).toMatchObject({ success: true, run_id: id });
  expect((await all(client.watch(id, { base }))).at(-1)!.type).toBe('run_cancelled');
  expect((await all(client.watch(new_run_id, { base }))).at(-1)!.type).toBe('run_completed');
});

test('the token is sent as a bearer, with whatever is called', async () => {
  const seen: (string | undefined)[] = [];
  const guarded = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"type":"unauthorized","detail":"no"}');
  }).listen(0, '127.0.0.1');
  await once(guarded, 'listening');
  const at = guarded.address();
  const options = { base: `http://127.0.0.1:${typeof at === 'object' ? at?.port : ''}/`, token: 'secret' };
  await expect(all(client.chat({ agent_id: 'a', message: 'hi' }, options))).rejects.toMatchObject({ status: 401 });
  await expect(client.cancel('x', options)).rejects.toMatchObject({ type: 'unauthorized' });
  expect(seen).toEqual(['Bearer secret', 'Bearer secret']);
  guarded.close();
});

test('/client.js is one module of plain JavaScript that exports what client/index.ts does, and works', async () => {
  const answer = await fetch(`${base}/client.js`);
  expect(answer.headers.get('content-type')).toContain('text/javascript');
  const code = await answer.text();
  expect(code).not.toMatch(/^import\s/m);
  const module: typeof client = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  expect(Object.keys(module).toSorted()).toEqual(Object.keys(client).toSorted());
  const events = await all(module.start('simple', ask('as a script'), { base }));
  expect(textOf(events)).toBe(defaultAnswer('as a script'));
});
