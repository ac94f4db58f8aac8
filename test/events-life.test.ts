// What streams cost and how they end: one tail for all viewers, nothing left behind, slow readers cut off.
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { WebSocket, WebSocketServer } from 'ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CutOff } from '../api/events/errors.ts';
import { sendFrames } from '../api/events/socket.ts';
import { lastEventId, sseBody, sseChunk, sseHeaders } from '../api/events/sse.ts';
import type { Streams } from '../api/events/streams.ts';
import { newClient, read, until } from './events-client.ts';
import { openStage, type Stage } from './events-stage.ts';
import type { Act } from './workflows/events-acts.ts';

let stage: Stage;
beforeAll(async () => void (stage = await openStage()), 120_000);
afterAll(() => stage.close());

const text = 'word '.repeat(100);
const speech: Act = { act: 'say', name: 'speech', text, pieceMs: 4 };

test('200 viewers cost as many reads of history as one', async () => {
  const [few, many] = [await stage.api(), await stage.api()];
  const run = await stage.start([{ act: 'hold' }, speech, { act: 'idle', name: 'end', times: 3 }]);
  const watch = ({ streams }: { streams: Streams }) => read(streams, run.workflowId, newClient());
  const reading = [watch(few), ...Array.from({ length: 200 }, () => watch(many))];
  await sleep(300);
  await run.signal('go');
  await Promise.all(reading);
  expect(few.pages()).toBeGreaterThan(2);
  // Which events come in one page is the server's choice, so two tails of one run may differ by a page or two.
  expect(Math.abs(many.pages() - few.pages())).toBeLessThanOrEqual(3);
});

test('viewers of the same place are sent the same encoded chunk', async () => {
  const { streams } = await stage.api();
  const run = await stage.start([{ act: 'hold' }, speech]);
  const chunks = [new Set<Uint8Array>(), new Set<Uint8Array>()] as const;
  const reading = chunks.map(async (seen) => {
    for await (const frame of await streams.subscribe(run.workflowId)) seen.add(sseChunk(frame));
  });
  await sleep(200);
  await run.signal('go');
  await Promise.all(reading);
  const shared = [...chunks[0]].filter((chunk) => chunks[1].has(chunk)).length;
  expect(shared).toBe(chunks[0].size);
  expect(shared).toBeGreaterThan(20);
});

test('a tail ends 5 s after its last viewer, at once when the run is over, and is shared until then', async () => {
  const { streams, pages } = await stage.api();
  const run = await stage.start([{ act: 'hold' }]);
  const first = await streams.subscribe(run.workflowId);
  first.close();
  const used = pages();
  (await streams.subscribe(run.workflowId)).close();
  expect(pages()).toBe(used);
  await sleep(4500);
  expect(streams.tails()).toBe(1);
  await sleep(1000);
  expect(streams.tails()).toBe(0);
  await run.signal('go');
  await run.result();
  await read(streams, run.workflowId, newClient());
  expect(streams.tails()).toBe(0);
});

test('a viewer who takes no frame for a while is cut off, the others go on', async () => {
  const { streams } = await stage.api({ stallMs: 200 });
  const run = await stage.start([{ act: 'say', name: 'speech', text: text.repeat(3), pieceMs: 4 }]);
  const slow = await streams.subscribe(run.workflowId);
  const frames = slow[Symbol.asyncIterator]();
  await frames.next();
  const client = newClient();
  await read(streams, run.workflowId, client);
  expect(client.over).toBe(true);
  expect(slow.cut.aborted).toBe(true);
  await expect(frames.next()).rejects.toThrow(CutOff);
  expect(streams.tails()).toBe(0);
});

test('a viewer who comes back to a run in which nothing happens is not cut off for waiting', async () => {
  const { streams } = await stage.api({ stallMs: 200 });
  const run = await stage.start([{ act: 'hold' }]);
  const client = newClient();
  await read(streams, run.workflowId, client, 1);
  const back = await streams.subscribe(run.workflowId, client.lastId);
  const next = back[Symbol.asyncIterator]().next();
  await sleep(600);
  expect(back.cut.aborted).toBe(false);
  await run.signal('go');
  expect(await next).toMatchObject({ value: { type: 'run_completed' } });
  back.close();
});

test('a run that is watched while nothing happens for long is read at once', async () => {
  const { streams, pages } = await stage.api();
  const run = await stage.start([{ act: 'hold' }]);
  const viewer = await streams.subscribe(run.workflowId);
  // A long poll ends without news after 10 s.
  await sleep(11_000);
  const before = pages();
  await streams.view(run.workflowId);
  // The tail knows it all: nothing is read anew.
  expect(pages()).toBe(before);
  viewer.close();
  await run.terminate();
});

test('a connection that is not read from is closed', async () => {
  const { streams } = await stage.api({ stallMs: 500 });
  // More than the buffers of two sockets take.
  const many: Act = { act: 'idle', name: 'big', times: 40, bytes: 30_000 };
  const run = await stage.start([{ act: 'together', acts: Array.from({ length: 16 }, () => many) }]);
  const { port, server } = await serveSse(streams);
  const request = get({ port, path: `/${run.workflowId}` });
  const [response]: IncomingMessage[] = await once(request, 'response');
  const broken = once(response!, 'error');
  response!.pause();
  await run.result();
  await until(() => streams.tails() === 0, 20_000);
  response!.resume();
  await expect(broken).resolves.toMatchObject([{ code: 'ECONNRESET' }]);
  expect(response!.complete).toBe(false);
  server.close();
});

test('server-sent events: headers, a ping at once and while nothing happens, resuming by header and by query', async () => {
  const { streams } = await stage.api();
  const run = await stage.start([{ act: 'nap', ms: 400 }, speech]);
  const { port, server } = await serveSse(streams);
  const url = `http://127.0.0.1:${port}/${run.workflowId}`;
  const response = await fetch(url);
  const headers = Object.fromEntries(response.headers);
  expect(headers).toMatchObject({ 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
  expect(headers['content-type']).toMatch(/^text\/event-stream/);
  const body = await response.text();
  expect(body.startsWith(': ping\n\nid: ')).toBe(true);
  expect(body.match(/: ping\n\n/g)!.length).toBeGreaterThan(3);
  const ids = [...body.matchAll(/^id: (.+)$/gm)].map(([, id]) => id!);
  const rest = body.slice(body.indexOf(`id: ${ids[4]}`)).replaceAll(': ping\n\n', '');
  const byHeader = await fetch(url, { headers: { 'Last-Event-ID': ids[3]! } });
  const byQuery = await fetch(`${url}?last_event_id=${ids[3]}`);
  expect(said(await byHeader.text())).toBe(said(rest));
  expect(said(await byQuery.text())).toBe(said(rest));
  server.close();
});

test('over WebSocket: the same events as JSON messages {id, type, timestamp, data}, closed with 1000 after the end', async () => {
  const { streams } = await stage.api();
  const run = await stage.start([speech]);
  const server = createServer().listen(0, '127.0.0.1');
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    void streams.subscribe(run.workflowId).then((subscription) => sendFrames(socket, subscription, { pingMs: 20 }));
  });
  await once(server, 'listening');
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(server.address())}`);
  const messages: string[] = [];
  let pings = 0;
  socket.on('message', (data: Buffer) => messages.push(data.toString()));
  socket.on('ping', () => pings++);
  const [code]: unknown[] = await once(socket, 'close');
  expect(code).toBe(1000);
  expect(pings).toBeGreaterThan(2);
  const events = messages.map((message): unknown => JSON.parse(message));
  expect(events[0]).toEqual({
    id: expect.any(String),
    type: 'run_started',
    timestamp: expect.stringMatching(/Z$/),
    data: expect.objectContaining({ run_id: run.workflowId }),
  });
  expect(events.at(-1)).toMatchObject({ type: 'run_completed', data: { response: text } });
  expect(streams.tails()).toBe(0);
  sockets.close();
  server.close();
});

test('while long polls are refused as too many, the stream goes on in steps of 2 s', async () => {
  const { streams, refuse } = await stage.api();
  const run = await stage.start([{ act: 'hold' }, { act: 'idle', name: 'step', times: 150 }]);
  const client = newClient();
  const subscription = await streams.subscribe(run.workflowId);
  subscription.close();
  const reading = read(streams, run.workflowId, client);
  refuse(true);
  await run.signal('go');
  await run.result();
  await reading;
  refuse(false);
  expect(client.finished).toHaveLength(150);
  expect(client.over).toBe(true);
});

test('a wait for the result ends when told to; nobody watching, many waits are one poll', async () => {
  const { streams, pages } = await stage.api();
  const run = await stage.start([{ act: 'hold' }, { act: 'idle', name: 'step', times: 5 }]);
  const began = Date.now();
  await expect(streams.result(run.workflowId, 300)).resolves.toEqual({ kind: 'open' });
  expect(Date.now() - began).toBeLessThan(1000);
  await expect(streams.result(run.workflowId, 60_000, AbortSignal.timeout(100))).resolves.toEqual({ kind: 'open' });
  const before = pages();
  const waiting = Promise.all(Array.from({ length: 20 }, () => streams.result(run.workflowId, 20_000)));
  expect(streams.tails()).toBe(0);
  await run.signal('go');
  for (const ended of await waiting)
    expect(ended).toMatchObject({ kind: 'ended', view: { status: 'completed', result: null } });
  // The poll, and the history that it ended.
  expect(pages() - before).toBe(2);
});

test('a wait for the result shares the tail of the viewers', async () => {
  const { streams, pages } = await stage.api();
  const run = await stage.start([{ act: 'hold' }]);
  const subscription = await streams.subscribe(run.workflowId);
  await until(() => pages() === 2);
  const waiting = streams.result(run.workflowId, 20_000);
  await run.signal('go');
  await expect(waiting).resolves.toMatchObject({ kind: 'ended', view: { status: 'completed' } });
  subscription.close();
});

test('a wait for the result goes on when long polls are refused, and ends with the service', async () => {
  const { streams, refuse } = await stage.api();
  refuse(true);
  const [run, other] = [await stage.start([{ act: 'hold' }]), await stage.start([{ act: 'hold' }])];
  const waiting = streams.result(run.workflowId, 20_000);
  await run.signal('go');
  await expect(waiting).resolves.toMatchObject({ kind: 'ended', view: { status: 'completed' } });
  const stopped = streams.result(other.workflowId, 20_000);
  await streams.close();
  await expect(stopped).resolves.toEqual({ kind: 'open' });
  await other.terminate();
});

async function serveSse(streams: Streams) {
  const app = new Hono().get('/:run', async (context) => {
    const subscription = await streams.subscribe(context.req.param('run'), lastEventId(context.req.raw));
    return new Response(sseBody(subscription, { pingMs: 50 }), { headers: sseHeaders });
  });
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  return { server, port: portOf(server.address()) };
}

const portOf = (address: string | AddressInfo | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0;

/** What is told, without ids and without how the text was cut into pieces. */
function said(body: string): string {
  const events = [...body.matchAll(/event: (\w+)\ndata: (.*)\n/g)].map(([, type, data]) => `${type} ${data}`);
  const content = events.map((event) => /"content":"([^"]*)"/.exec(event)?.[1] ?? '').join('');
  return [...events.filter((event) => !event.startsWith('content_delta')), content].join('\n');
}
