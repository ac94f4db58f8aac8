// The client in a browser: a page of the service talks to an agent over a network that breaks. Needs `chromium`.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiStage, openApiStage } from './api-stage.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { defaultAnswer } from './openai.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let api: ApiStage;
let server: ReturnType<typeof serve>;
let proxy: CuttingProxy;
const told = Promise.withResolvers<{ types: string[]; ids: string[]; text: string; error?: string }>();

const page = `<!doctype html><meta charset="utf-8"><title>client</title><script type="module">
import { chat, createTexts } from '/client.js';
const told = { types: [], ids: [], text: '' };
const texts = createTexts();
try {
  await fetch('/test/ready', { method: 'POST' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  for await (const event of chat({ agent_id: 'browsed', message: 'in a browser' }, { waitMs: 20 })) {
    told.types.push(event.type);
    told.ids.push(event.id);
    texts.take(event);
  }
  told.text = texts.newest();
} catch (error) { told.error = String(error); }
await fetch('/test/told', { method: 'POST', body: JSON.stringify(told) });
</script>`;

beforeAll(async () => {
  world = await openWorld();
  api = await openApiStage(world);
  await api.ask('POST', '/api/agents', { name: 'browsed' });
  const app = new Hono();
  app.get('/test', (c) => c.html(page));
  app.post('/test/ready', (c) => {
    setTimeout(() => proxy.plan(900, 700, 1200, 800), 100);
    return c.body(null, 204);
  });
  app.post('/test/told', async (c) => {
    told.resolve(await c.req.json());
    return c.body(null, 204);
  });
  app.all('*', (c) => api.app.fetch(c.req.raw));
  server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const at = server.address();
  proxy = await startCuttingProxy(typeof at === 'object' && at ? at.port : 0);
});
afterAll(async () => {
  await proxy.close();
  server.close();
  await api.close();
  await world.close();
});

const chromium = (() => {
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
})();

test.skipIf(chromium === undefined)(
  'a page that imports /client.js sees every event once, and the whole answer, though its connections are cut',
  async () => {
    world.openai.script({ match: 'in a browser', tokens: 60, tokenMs: 25 });
    const profile = await mkdtemp(join(tmpdir(), 'waymark-chromium-'));
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
    const browser = spawn(chromium!, [...flags, `--user-data-dir=${profile}`, `${proxy.url}/test`], {
      stdio: 'ignore',
    });
    try {
      const seen = await Promise.race([told.promise, sleep(45_000, undefined, { ref: false })]);
      expect(seen).toBeDefined();
      expect(seen!.error).toBeUndefined();
      expect([seen!.types[0], seen!.types.at(-1)]).toEqual(['run_started', 'run_completed']);
      expect(new Set(seen!.ids).size).toBe(seen!.ids.length);
      expect(seen!.text).toBe(defaultAnswer('in a browser', 60));
      expect(proxy.cuts()).toBe(4);
    } finally {
      const ended = once(browser, 'exit');
      browser.kill('SIGTERM');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
