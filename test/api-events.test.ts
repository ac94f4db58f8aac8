// The events of a run over HTTP: JSON pages, server-sent events and WebSocket tell the same.
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Frame } from '../api/events/event.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { defaultAnswer } from './openai.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let api: ApiStage;
let server: ReturnType<typeof serve>;
let address: string;

beforeAll(async () => {
  world = await openWorld();
  api = await openApiStage(world);
  const websocket = { server: new WebSocketServer({ noServer: true }) };
  server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1', websocket });
  await once(server, 'listening');
  const at = server.address();
  address = `127.0.0.1:${typeof at === 'object' ? at?.port : ''}`;
});
afterAll(async () => {
  server.close();
  await api.close();
  await world.close();
});
beforeEach(() => world.openai.reset());

const question = (content: string) => ({ messages: [{ role: 'user', content }] });

interface Event {
  id: string;
  event: string;
  data: string;
}

/** Reads server-sent events to the end of the stream, or until `enough`. */
async function readEvents(answer: Response, enough: (events: Event[]) => boolean = () => false): Promise<Event[]> {
  const events: Event[] = [];
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body!) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      if (fields.has('data'))
        events.push({ id: fields.get('id')!, event: fields.get('event')!, data: fields.get('data')! });
    }
    if (enough(events)) break;
  }
  return events;
}

const sse = { accept: 'text/event-stream' };
const textOf = (events: Event[]): string =>
  events
    .filter(({ event }) => event === 'content_delta')
    .map(({ data }): string => JSON.parse(data).content)
    .join('');

test('a run that is started as a stream tells everything from its start to its end, token by token', async () => {
  world.openai.script({ match: 'streamed', tokens: 20, tokenMs: 5 });
  const answer = await fetch(`http://${address}/api/workflows/simple/runs`, {
    method: 'POST',
    headers: { ...sse, 'content-type': 'application/json' },
    body: JSON.stringify({ input: question('streamed') }),
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  expect(answer.headers.get('cache-control')).toBe('no-cache');
  expect(answer.headers.get('x-accel-buffering')).toBe('no');
  const events = await readEvents(answer);
  const names = events.map(({ event }) => event);
  expect([names[0], names[1], names.at(-2), names.at(-1)]).toEqual([
    'run_started',
    'step_started',
    'step_completed',
    'run_completed',
  ]);
  expect(names.filter((name) => name === 'content_delta').length).toBeGreaterThan(3);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  const run = await json<{ response_content: string }>(await api.ask('GET', answer.headers.get('location')!));
  expect(textOf(events)).toBe(run.response_content);
});

test('a viewer that comes back with its last event id misses nothing and sees nothing twice', async () => {
  world.openai.script({ match: 'interrupted', tokens: 40, tokenMs: 20 });
  const id = await api.start('simple', question('interrupted'));
  const first = await readEvents(
    await fetch(`http://${address}/api/runs/${id}/events`, { headers: sse }),
    (events) => events.length > 8,
  );
  const headers = { ...sse, 'last-event-id': first.at(-1)!.id };
  const rest = await readEvents(await fetch(`http://${address}/api/runs/${id}/events`, { headers }));
  const run = await api.until(id, ({ status }) => status === 'completed');
  expect(textOf([...first, ...rest])).toBe(run.response_content);
  expect(rest.at(-1)!.event).toBe('run_completed');
});

test('the JSON page has the same events, the text of a finished step as one delta', async () => {
  const id = await api.start('simple', question('as a page'));
  await api.until(id, ({ status }) => status === 'completed');
  const page = await json<{ run_id: string; total: number; events: Frame[] }>(
    await api.ask('GET', `/api/runs/${id}/events`),
  );
  expect(page).toMatchObject({ run_id: id, total: page.events.length });
  const types = ['run_started', 'step_started', 'content_delta', 'step_completed', 'run_completed'];
  expect(page.events.map(({ type }) => type)).toEqual(types);
  expect(page.events[2]).toMatchObject({
    data: { content: defaultAnswer('as a page') },
    timestamp: expect.any(String),
  });
  const part = await json<{ total: number; events: Frame[] }>(
    await api.ask('GET', `/api/runs/${id}/events?offset=1&limit=2`),
  );
  expect(part).toEqual({ run_id: id, total: 5, events: page.events.slice(1, 3) });
});

test('a WebSocket gets each event as a message, and is closed normally after the last', async () => {
  const id = await api.start('simple', question('by socket'));
  const socket = new WebSocket(`ws://${address}/api/runs/${id}/ws`);
  const frames: Frame[] = [];
  socket.on('message', (data: Buffer) => void frames.push(JSON.parse(data.toString())));
  const [code] = await once(socket, 'close');
  expect(code).toBe(1000);
  expect(frames[0]).toMatchObject({ type: 'run_started', data: { run_id: id } });
  expect(frames.at(-1)).toMatchObject({ type: 'run_completed', data: { response: defaultAnswer('by socket') } });
  const after = new WebSocket(
    `ws://${address}/api/runs/${id}/ws?last_event_id=${encodeURIComponent(frames.at(-2)!.id)}`,
  );
  const [message] = await once(after, 'message');
  expect(JSON.parse(String(message))).toMatchObject({ type: 'run_completed' });
});

test('a WebSocket of an unknown run is refused at the handshake; a page of another site may not open one', async () => {
  for (const [path, headers, status] of [
    ['/api/runs/unknown/ws', {}, 404],
    ['/api/runs/unknown/ws', { origin: 'https://elsewhere.example' }, 403],
  ] as const) {
    const [, answer] = await once(new WebSocket(`ws://${address}${path}`, { headers }), 'unexpected-response');
    expect(answer.statusCode).toBe(status);
  }
  const plain = await api.ask('GET', '/api/runs/unknown/ws');
  expect(plain.status).toBe(426);
});

test('an id that is not of this stream is refused before the first event: garbage 400, another run 404', async () => {
  const [a, b] = [await api.start('simple', question('a')), await api.start('simple', question('b'))];
  await api.until(a, ({ status }) => status === 'completed');
  const page = await json<{ events: Frame[] }>(await api.ask('GET', `/api/runs/${a}/events`));
  const refused = async (id: string, last: string) =>
    (await api.ask('GET', `/api/runs/${id}/events`, undefined, { ...sse, 'last-event-id': last })).status;
  expect(await refused(a, 'garbage')).toBe(400);
  expect(await refused(b, page.events[0]!.id)).toBe(404);
  const socket = new WebSocket(`ws://${address}/api/runs/${a}/ws?last_event_id=garbage`);
  const [code] = await once(socket, 'close');
  expect(code).toBe(1008);
});

test('a viewer that leaves is forgotten, and the run goes on', async () => {
  world.openai.script({ match: 'abandoned', tokens: 20, tokenMs: 20 });
  const id = await api.start('simple', question('abandoned'));
  const gone = new AbortController();
  const answer = await fetch(`http://${address}/api/runs/${id}/events`, { headers: sse, signal: gone.signal });
  await readEvents(answer, (events) => events.length > 2);
  gone.abort();
  await api.until(id, ({ status }) => status === 'completed');
  await expect.poll(() => api.deps.streams.tails(), { timeout: 10_000 }).toBe(0);
});
