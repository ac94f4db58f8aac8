// The real programs as a user has them: a stream that outlives a kill -9, the demo model, production's own bundle.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Frame } from '../api/events/event.ts';
import { bundlePath } from '../worker/bundle.ts';
import { type ClientState, newClient, repeatedIds, take } from './events-client.ts';
import { openProcesses, type Processes } from './processes.ts';

// Programs are started here, and the machine may be busy.
vi.setConfig({ testTimeout: 180_000 });

let processes: Processes;
beforeEach(async () => void (processes = await openProcesses()));
afterEach(() => processes.close());

const question = (content: string) => ({ messages: [{ role: 'user', content }] });

async function begin(workflow: string, input: object): Promise<string> {
  const answer = await fetch(`${processes.api}/api/workflows/${workflow}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input }),
  });
  return z.object({ run_id: z.string() }).parse(await answer.json()).run_id;
}

async function read<T>(path: string, shape: z.ZodType<T>): Promise<T> {
  return shape.parse(await (await fetch(`${processes.api}${path}`)).json());
}

/** Follows the stream from where the client is, to its end or until the connection breaks. */
async function follow(id: string, client: ClientState): Promise<void> {
  const { body } = await fetch(`${processes.api}/api/runs/${id}/events`, {
    headers: { accept: 'text/event-stream', ...(client.lastId && { 'last-event-id': client.lastId }) },
  });
  let rest = '';
  try {
    for await (const text of body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) if (!block.startsWith(':')) take(client, frameOf(block));
    }
  } catch {
    // The other side was killed.
  }
}

function frameOf(block: string): Frame {
  const [, id, type, data] = /^id: (.+)\nevent: (.+)\ndata: (.+)$/.exec(block) ?? [];
  const frame: Frame = JSON.parse(`{"id":"${id}","type":"${type}","timestamp":"","data":${data}}`);
  return frame;
}

test('a client that comes back with its last event id after a kill -9 of main.ts in mid-answer misses nothing and sees no text twice', async () => {
  processes.openai.script({ times: Infinity, tokens: 100, tokenMs: 20 });
  const main = await processes.run('waymark');
  const id = await begin('simple', question('outlive this'));
  const client = newClient();
  const watching = follow(id, client);
  await processes.openai.until(() => (processes.openai.ledger[0]?.tokens ?? 0) > 40, 30_000);
  main.signal('SIGKILL');
  await watching;
  const shown = [...client.texts.values()].join('');
  expect(shown.length).toBeGreaterThan(20);
  await processes.run('waymark');
  await follow(id, client);

  const types = client.frames.map(({ type }) => type);
  expect(types.filter((type) => type !== 'content_delta')).toEqual([
    'run_started',
    'step_started',
    'content_reset',
    'step_completed',
    'run_completed',
  ]);
  expect(repeatedIds(client)).toBe(0);
  expect(client.finished).toHaveLength(1);
  expect(client.finished[0]?.text).toBe(client.finished[0]?.stored);
});

const page = z.object({ events: z.array(z.object({ type: z.string(), data: z.unknown() })) });

test('a client that comes back after a kill -9 of the API alone has been sent what one is sent who comes late', async () => {
  processes.openai.script({ times: Infinity, tokens: 8, tokenMs: 25 });
  await processes.run('temporal');
  await processes.run('worker');
  const api = await processes.run('api');
  await processes.start('six', { topic: 'watched' }, 'watched');
  const client = newClient();
  const watching = follow('watched', client);
  await processes.openai.until(() => processes.openai.ledger.length > 2, 30_000);
  api.signal('SIGKILL');
  await watching;
  expect(client.frames.length).toBeGreaterThan(3);
  expect(client.over).toBe(false);
  await processes.run('api');
  await follow('watched', client);

  const { events } = await read('/api/runs/watched/events?limit=1000', page);
  expect(client.frames.map(({ type, data }) => ({ type, data }))).toEqual(
    events.map(({ type, data }) => ({ type, data })),
  );
  expect(repeatedIds(client)).toBe(0);
});

const outcome = z.object({ status: z.string(), result: z.object({ answer: z.string() }) });

test('in production main.ts takes the bundle of npm run bundle, asks for it in a line when it is not there, and without a key answers with the demo model', async () => {
  const had = existsSync(bundlePath);
  await rm(bundlePath, { force: true });
  const production = { NODE_ENV: 'production', OPENAI_API_KEY: '' };
  try {
    const early = processes.spawn('waymark', production);
    await early.says(/^NODE_ENV=production takes the workflows from .*: npm run bundle$/m);
    expect((await early.ended).code).toBe(1);
    expect(early.output()).not.toMatch(/^ +at /m);

    const bundling = processes.command('npm', ['run', 'bundle']);
    expect((await bundling.ended).code, bundling.output()).toBe(0);
    const main = await processes.run('waymark', production);
    expect(main.output()).toMatch(/No OPENAI_API_KEY: the built-in demo model answers/);
    const id = await begin('simple', question('Who answers in production?'));
    const { status, result } = await read(`/api/runs/${id}/result?timeout=60`, outcome);
    expect(status).toBe('completed');
    expect(result.answer).toMatch(/demo model/);
  } finally {
    if (!had) await rm(bundlePath, { force: true });
  }
});
