// Flows on the real programs: killed and started again in the middle; and the clients that are not ours.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ApiStage, json, openApiStage } from '../api-stage.ts';
import { chromium, openBrowser } from '../chromium.ts';
import { defaultAnswer } from '../openai.ts';
import { openProcesses, type Processes } from '../processes.ts';
import type { Program } from '../program.ts';
import { preparedPython, programAt } from '../venv.ts';
import { openWorld, type World } from '../world.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 300_000 });

interface Execution {
  execution_id: string;
  status: string;
  result: { sentence_count: number; poem: string } | null;
  error: string | null;
}

describe('in the middle of the main example', () => {
  let processes: Processes;
  let api: Program;
  let worker: Program;
  beforeAll(async () => {
    processes = await openProcesses();
    await processes.run('temporal');
    [api, worker] = await Promise.all([processes.run('api'), processes.run('worker')]);
  });
  afterAll(() => processes.close());

  const read = async (id: string) => json<Execution>(await fetch(`${processes.api}/api/v1/poem-flow/execution/${id}`));

  /** Four poems, of as many sentences as their place says. */
  async function executeFour(): Promise<string[]> {
    processes.openai.reset();
    processes.openai.script({ times: Infinity, tokens: 60, tokenMs: 40 });
    return Promise.all(
      [1, 2, 3, 4].map(async (sentence_count) => {
        const answer = await fetch(`${processes.api}/api/v1/poem-flow/execute`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ sentence_count }),
        });
        return (await json<{ execution_id: string }>(answer)).execution_id;
      }),
    );
  }

  const speaking = () =>
    processes.openai.until(() => processes.openai.ledger.filter(({ tokens }) => tokens > 5).length === 4, 60_000);

  async function expectAll(ids: string[]): Promise<void> {
    for (const [n, id] of ids.entries()) {
      await expect.poll(async () => (await read(id)).status, { timeout: 120_000, interval: 200 }).toBe('completed');
      const { result, error } = await read(id);
      expect(error).toBeNull();
      const asked = processes.openai.ledger.find(({ prompt }) => prompt.includes(`exactly ${n + 1} sentence`));
      expect(result).toEqual({ sentence_count: n + 1, poem: defaultAnswer(asked!.prompt, 60) });
      expect(readFileSync(join(processes.data, 'poems', `${id}.txt`), 'utf8')).toBe(`${result!.poem}\n`);
    }
    const all = await json<Execution[]>(await fetch(`${processes.api}/api/v1/executions?limit=1000`));
    const found = all.filter(({ execution_id }) => ids.includes(execution_id));
    expect(found.map(({ execution_id }) => execution_id).toSorted()).toEqual(ids.toSorted());
    expect(new Set(all.map(({ execution_id }) => execution_id)).size).toBe(all.length);
  }

  const calls = (n: number) => processes.openai.matching(`exactly ${n} sentence`).length;

  test('the API is killed and comes back: all goes on, nothing is asked twice', async () => {
    const ids = await executeFour();
    await speaking();
    api.signal('SIGKILL');
    await api.ended;
    api = await processes.run('api');
    expect(['running', 'completed']).toContain((await read(ids[0]!)).status);
    await expectAll(ids);
    expect([1, 2, 3, 4].map(calls)).toEqual([1, 1, 1, 1]);
  });

  test('the worker is killed and comes back: all goes on, only the calls in flight are asked again', async () => {
    const ids = await executeFour();
    await speaking();
    worker.signal('SIGKILL');
    await worker.ended;
    expect((await read(ids[0]!)).status).toBe('running');
    worker = await processes.run('worker');
    await expectAll(ids);
    expect([1, 2, 3, 4].map(calls)).toEqual([2, 2, 2, 2]);
  });

  test('the API is asked to end and no worker is there: what was executed waits as pending, and goes on', async () => {
    worker.signal('SIGTERM');
    await worker.ended;
    const ids = await executeFour();
    api.signal('SIGTERM');
    expect((await api.ended).code).toBe(0);
    api = await processes.run('api');
    expect(await read(ids[3]!)).toMatchObject({ status: 'pending', result: null, error: null });
    worker = await processes.run('worker');
    await expectAll(ids);
    expect([1, 2, 3, 4].map(calls)).toEqual([1, 1, 1, 1]);
  });

  test('a second API on the same port says so in one line', async () => {
    const second = processes.spawn('api');
    expect((await second.ended).code).toBe(1);
    const port = new URL(processes.api).port;
    expect(second.output()).toMatch(
      new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use\\. Choose another one: .*$`, 'm'),
    );
    expect(second.output()).not.toMatch(/^ +at /m);
  });
});

describe('clients that are not ours', () => {
  let world: World;
  let stage: ApiStage;
  let server: ReturnType<typeof serve>;
  let base: string;
  beforeAll(async () => {
    world = await openWorld();
    stage = await openApiStage(world);
    server = serve({ fetch: stage.app.fetch, port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    const at = server.address();
    base = `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`;
  });
  afterAll(async () => {
    server.close();
    await stage.close();
    await world.close();
  });

  test('httpx, from Python', async () => {
    const { stdout } = await promisify(execFile)(await preparedPython(), [programAt('flows_door.py'), base], {
      timeout: 100_000,
    });
    const told: Record<string, unknown> & { execution: Execution } = JSON.parse(stdout);
    const id = told.execution.execution_id;
    const poem = defaultAnswer(world.openai.ledger[0]!.prompt);
    expect(told).toEqual({
      health: { status: 'healthy' },
      endpoints: true,
      started: {
        execution_id: id,
        status: 'pending',
        message: `Poem flow execution initiated with ID: ${id}`,
      },
      execution: expect.objectContaining({ status: 'completed', result: { sentence_count: 3, poem }, error: null }),
      listed: [[told.execution], [told.execution]],
      wrong: [422, 422, 422, 422],
      missing: [404, 'Execution'],
      side_by_side: [1, 2, 3, 4, 5],
      bad_status: 422,
      unknown_flow: [],
    });
  });

  test.skipIf(chromium === undefined)('a browser: the button on /hello shows what the service says', async () => {
    const browser = await openBrowser(chromium!);
    const folder = await mkdtemp(join(tmpdir(), `waymark-hello-${randomUUID().slice(0, 8)}`));
    try {
      const { tab } = browser;
      await tab.go(`${base}/hello`);
      const said = () => tab.run(`document.querySelector('#message').textContent`);
      expect(await said()).toBe('');
      await tab.run(`document.querySelector('#test').click()`);
      await expect.poll(said, { timeout: 20_000 }).toBe('Hello World!');
      expect(await tab.run(`document.querySelector('#test').disabled`)).toBe(false);
      expect(tab.complaints).toEqual([]);
      const picture = process.env['WAYMARK_PICTURES'] ?? folder;
      await tab.picture(join(picture, 'hello.png'));
      expect(existsSync(join(picture, 'hello.png'))).toBe(true);
    } finally {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
