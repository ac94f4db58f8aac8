// The event stream on real Temporal: nothing missing, nothing twice, whoever reads it when, where and how often.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventIds } from '../api/events/id.ts';
import { durable, newClient, read, repeatedIds, take, until, type ClientState } from './events-client.ts';
import { openStage, type Stage } from './events-stage.ts';
import type { Act } from './workflows/events-acts.ts';

let stage: Stage;
beforeAll(async () => void (stage = await openStage()), 120_000);
afterAll(() => stage.close());

const words = (count: number, seed: string): string => Array.from({ length: count }, (_, i) => `${seed}${i} `).join('');

const story: Act[] = [
  { act: 'idle', name: 'open', times: 1 },
  { act: 'say', name: 'first', text: words(60, 'première_'), pieceMs: 2 },
  {
    act: 'together',
    acts: [
      { act: 'say', name: 'left', text: words(90, 'left_'), pieceMs: 3 },
      { act: 'say', name: 'right', text: words(70, '右'), pieceMs: 4 },
      { act: 'idle', name: 'beside', times: 4 },
    ],
  },
  { act: 'nap', ms: 30 },
  {
    act: 'say',
    name: 'dies_twice',
    text: words(60, 'alive_'),
    pieceMs: 2,
    dies: [
      { text: words(60, 'first_try_'), until: 100 },
      { text: words(60, 'second_try_'), until: 160 },
    ],
  },
  { act: 'say', name: 'last', text: words(40, '😀'), pieceMs: 2 },
];

test('50 viewers who come, drop and come back at any time, in three processes, each see everything exactly once', async () => {
  const apis = await Promise.all([stage.api(), stage.api(), stage.api({ hub: undefined })]);
  const run = await stage.start(story);
  const viewer = async (): Promise<ClientState> => {
    const client = newClient();
    await sleep(Math.random() * 1200);
    while (!client.over) {
      const { streams } = apis[Math.floor(Math.random() * apis.length)]!;
      await read(streams, run.workflowId, client, Math.ceil(Math.random() * 60));
      if (!client.over) await sleep(Math.random() * 100);
    }
    return client;
  };
  const clients = await Promise.all(Array.from({ length: 50 }, viewer));
  const whole = newClient();
  await read(apis[0].streams, run.workflowId, whole);
  for (const client of clients) {
    expect(durable(client)).toEqual(durable(whole));
    expect(repeatedIds(client)).toBe(0);
    for (const { text, stored } of client.finished) expect(text).toBe(stored ?? '');
  }
  expect(whole.finished.map(({ text }) => text.length).filter((length) => length > 0)).toHaveLength(5);
  const deltas = clients.map((client) => client.frames.filter(({ type }) => type === 'content_delta').length);
  expect(Math.max(...deltas)).toBeGreaterThan(50);
});

test('an id tells each process the same place: what follows it is the same in one that heard no token', async () => {
  const [one, other] = [await stage.api(), await stage.api({ hub: undefined })];
  const run = await stage.start(story);
  const whole = newClient();
  await read(one.streams, run.workflowId, whole);
  for (const [i, { type }] of whole.frames.slice(0, -1).entries()) {
    if (type === 'content_delta' && i % 7 !== 0) continue;
    const client = newClient();
    for (const seen of whole.frames.slice(0, i + 1)) take(client, seen);
    await read(other.streams, run.workflowId, client);
    expect(durable(client), `resumed after ${type}`).toEqual(durable(whole));
    expect(repeatedIds(client)).toBe(0);
    for (const { text, stored } of client.finished) expect(text).toBe(stored ?? '');
  }
});

test('workflow tasks are no events: an id names the newest durable event that was sent, whatever came since', async () => {
  const { streams } = await stage.api();
  const run = await stage.start(story);
  const client = newClient();
  await read(streams, run.workflowId, client);
  const ids = eventIds(run.workflowId);
  const { events } = await run.fetchHistory();
  const tasks = events!
    .filter(({ workflowTaskStartedEventAttributes: started }) => started)
    .map((event) => Number(event.eventId));
  let newest = { event: 0, index: 0 };
  for (const { id, type } of client.frames) {
    const { event, index } = ids.read(id);
    if (type === 'content_delta' || type === 'content_reset') expect({ event, index }).toEqual(newest);
    else expect(event).toBeGreaterThanOrEqual(newest.event);
    expect(tasks).not.toContain(event);
    newest = { event, index };
  }
});

test('an id that is newer than what this process has read is waited for, not refused', async () => {
  const [ahead, behind] = [await stage.api(), await stage.api()];
  const run = await stage.start([{ act: 'hold' }, { act: 'idle', name: 'idle', times: 5 }, { act: 'hold' }]);
  const waiting = await behind.streams.subscribe(run.workflowId);
  behind.refuse(true);
  const client = newClient();
  const reading = read(ahead.streams, run.workflowId, client, 11);
  await run.signal('go');
  await reading;
  expect(client.finished).toHaveLength(5);
  const resuming = read(behind.streams, run.workflowId, client);
  await run.signal('go');
  await resuming;
  expect(client.over).toBe(true);
  waiting.close();
});

test('when an attempt dies in the middle of its text, content_reset says from where it starts anew', async () => {
  const { streams } = await stage.api();
  const text = words(30, 'good_');
  const run = await stage.start([
    { act: 'say', name: 'speech', text, pieceMs: 3, dies: [{ text: words(30, 'bad_'), until: 50 }] },
  ]);
  const client = newClient();
  await read(streams, run.workflowId, client);
  const resets = client.frames.filter(({ type }) => type === 'content_reset');
  expect(resets.map(({ data }) => data)).toEqual([{ step: '1', offset: 0 }]);
  expect(client.finished).toEqual([{ step: '1', text, stored: text }]);
  expect(client.frames.at(-1)).toMatchObject({ type: 'run_completed', data: { response: text } });
});

test('an attempt that takes over what the one before had said is reset only as far as it differs', async () => {
  const { streams } = await stage.api();
  const text = words(30, 'kept_');
  for (const { takes, resets } of [
    { takes: 30, resets: [{ step: '1', offset: 30 }] },
    { takes: 50, resets: [] },
  ]) {
    const dies = [{ text, until: 50 }];
    const run = await stage.start([{ act: 'say', name: 'speech', text, pieceMs: 3, dies, takes }]);
    const client = newClient();
    await read(streams, run.workflowId, client);
    const reset = client.frames.filter(({ type }) => type === 'content_reset');
    expect(reset.map(({ data }) => data)).toEqual(resets);
    expect(client.finished).toEqual([{ step: '1', text, stored: text }]);
  }
});

test('without a hub the whole text of a step comes as one delta when it is done', async () => {
  const { streams } = await stage.api({ hub: undefined });
  const text = words(20, 'quiet_');
  const run = await stage.start([{ act: 'say', name: 'speech', text, pieceMs: 2 }]);
  const client = newClient();
  await read(streams, run.workflowId, client);
  expect(client.frames.map(({ type }) => type)).toEqual([
    'run_started',
    'step_started',
    'content_delta',
    'step_completed',
    'run_completed',
  ]);
});

test('a step aborted by a pause "now" goes on with its text after resume "continue"', async () => {
  const { streams } = await stage.api();
  const text = words(200, 'on_and_on_');
  const run = await stage.start([{ act: 'say', name: 'speech', text, pieceMs: 5 }]);
  const client = newClient();
  const reading = read(streams, run.workflowId, client);
  await until(() => (client.texts.get('1') ?? '').length > 50);
  await run.signal('pause', 'now');
  await until(() => client.frames.some(({ type }) => type === 'run_paused'));
  await run.signal('resume', 'continue');
  await reading;
  const types = client.frames.map(({ type }) => type).filter((type) => type !== 'content_delta');
  expect(types).toEqual([
    'run_started',
    'step_started',
    'step_aborted',
    'run_paused',
    'run_resumed',
    'step_started',
    'step_completed',
    'run_completed',
  ]);
  expect(client.finished).toEqual([{ step: '1', text, stored: text }]);
  const view = await streams.view(run.workflowId);
  expect(view.steps.map(({ round, status }) => ({ round, status }))).toEqual([
    { round: 0, status: 'aborted' },
    { round: 1, status: 'completed' },
  ]);
  expect(view.waste.output_tokens).toBe(view.steps[0]?.partial?.length);
});

test('after resume "regenerate" the text starts anew at 0, also for a viewer without tokens in flight', async () => {
  const [live, quiet] = [await stage.api(), await stage.api({ hub: undefined })];
  const run = await stage.start([{ act: 'say', name: 'speech', text: words(150, 'again_'), pieceMs: 4 }]);
  const clients = [newClient(), newClient()] as const;
  const reading = [read(live.streams, run.workflowId, clients[0]), read(quiet.streams, run.workflowId, clients[1])];
  await until(() => (clients[0].texts.get('1') ?? '').length > 50);
  await run.signal('pause', 'now');
  await until(() => clients[1].frames.some(({ type }) => type === 'run_paused'));
  await run.signal('resume', 'regenerate');
  await Promise.all(reading);
  for (const client of clients) for (const { text, stored } of client.finished) expect(text).toBe(stored);
  const resets = clients[0].frames.filter(({ type }) => type === 'content_reset');
  expect(resets.map(({ data }) => data)).toEqual([{ step: '1', offset: 0 }]);
});
