// The chat over a page when its programs die, when many follow, when a page takes for ever, and its page served alone.
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { html, type Site, startSite } from '../pages/site.ts';
import { openProcesses, type Processes } from '../processes.ts';
import { asks, eventsOf, openMessages, outline, type StepEvent, wholeRag } from './message-stage.ts';

// Programs are started here, and the machine may be busy.
vi.setConfig({ testTimeout: 180_000 });

describe('programs', () => {
  let processes: Processes;
  let site: Site;
  beforeEach(async () => {
    site = await startSite(html('<title>Otters</title><body>Otters hold hands.</body>'));
    processes = await openProcesses();
  });
  afterEach(async () => {
    await processes.close();
    await site.close();
  });

  /** As an EventSource does: comes back when the connection breaks, and is told all again. Gives what each connection told. */
  async function persist(id: string): Promise<StepEvent[][]> {
    const connections: StepEvent[][] = [];
    for (;;) {
      const told: StepEvent[] = [];
      connections.push(told);
      try {
        for await (const event of eventsOf(await fetch(`${processes.api}/message/${id}`))) {
          told.push(event);
          if (event.type === 'result') return connections;
        }
      } catch {
        // Nobody is there, or somebody has gone.
      }
      await sleep(200);
    }
  }

  async function send(question: string): Promise<string> {
    const answer = await fetch(`${processes.api}/message`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asks(question, { url: `${site.origin}/` })),
    });
    const { messageId }: { messageId: string } = JSON.parse(await answer.text());
    return messageId;
  }

  const reasoning = 'most relevant sentences';

  test.each(['api', 'worker'] as const)(
    'a kill -9 of the %s in the middle of a step, and its return: nothing is lost, nothing is told or done twice',
    async (victim) => {
      const env = { PAGE_ALLOW: site.origin };
      await processes.run('temporal');
      const crew = { api: await processes.run('api', env), worker: await processes.run('worker', env) };
      const { openai } = processes;
      openai.script({ match: reasoning, tokens: 40, tokenMs: 50 });
      const id = await send('What do otters do?');
      const following = persist(id);
      await openai.until(() => openai.matching(reasoning).some(({ tokens }) => tokens > 5), 30_000);
      crew[victim].signal('SIGKILL');
      await crew[victim].ended;
      await processes.run(victim, env);
      const connections = await following;

      const whole = connections.at(-1) ?? [];
      expect(outline(whole)).toEqual(wholeRag);
      for (const told of connections) expect(told).toEqual(whole.slice(0, told.length));
      expect(connections.filter((told) => told.length > 0)).toHaveLength(victim === 'api' ? 2 : 1);
      const asked = [reasoning, 'following research'].map((match) => openai.matching(match).length);
      expect(asked).toEqual([victim === 'worker' ? 2 : 1, 1]);
      expect(site.connections()).toBe(1);
    },
  );

  test('the page is served alone, for the one service that it asks', async () => {
    const chat = processes.command(process.execPath, ['console/main.ts', '--port', '0'], {
      CHAT_API: `${processes.api}/`,
    });
    const [, origin = ''] = await chat.says(/The chat page is at (http:\/\/localhost:\d+)\. It asks (\S+),/);
    const { port } = new URL(origin);
    const page = await fetch(`${origin}/`);
    expect([page.url, page.status]).toEqual([`${origin}/chat`, 200]);
    expect(page.headers.get('content-security-policy')).toContain(`connect-src 'self' ${processes.api};`);
    expect(await (await fetch(`${origin}/console/service.js`)).text()).toContain(
      `'${processes.api}'`.replaceAll("'", '"'),
    );
    expect((await fetch(`http://127.0.0.1:${port}/chat`)).url).toBe(`${origin}/chat`);
    expect((await fetch(`${origin}/api/runs`)).status).toBe(404);

    const second = processes.command(process.execPath, ['console/main.ts', '--port', port]);
    expect([(await second.ended).code, second.output()]).toEqual([
      1,
      expect.stringMatching(/^The port is in use\..*\n$/),
    ]);
    const lost = processes.command(process.execPath, ['console/main.ts'], { CHAT_API: 'nowhere' });
    expect([(await lost.ended).code, lost.output()]).toEqual([1, expect.stringMatching(/^CHAT_API: .*\n$/)]);
    chat.signal('SIGTERM');
    await chat.ended;
  });
});

test('fifty follow one message over sockets: all are told all, and nothing is left of them when they have gone', async () => {
  const stage = await openMessages();
  const { world, api } = stage;
  const server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const at = server.address();
  const address = `http://127.0.0.1:${typeof at === 'object' && at ? at.port : ''}`;
  const connections = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
  try {
    world.openai.script({ match: 'most relevant', tokens: 60, tokenMs: 50 });
    const id = await stage.send(asks('all fifty', { url: stage.page(`<p>${'otter '.repeat(10_000)}</p>`) }));
    const told: StepEvent[][] = [];
    const leaving = new AbortController();
    const followers = Array.from({ length: 50 }, async () => {
      const events: StepEvent[] = [];
      told.push(events);
      const answer = await fetch(`${address}/message/${id}`);
      for await (const event of eventsOf(answer)) events.push(event);
    });
    const quitters = Array.from({ length: 20 }, async () => {
      const answer = await fetch(`${address}/message/${id}`, { signal: leaving.signal });
      for await (const _ of eventsOf(answer));
    });
    await expect.poll(() => told.every((events) => events.length >= 5)).toBe(true);
    expect(api.deps.streams.tails()).toBe(1);
    leaving.abort();
    expect((await Promise.allSettled(quitters)).every(({ status }) => status === 'rejected')).toBe(true);
    await Promise.all(followers);
    expect(outline(told[0] ?? [])).toEqual(wholeRag);
    for (const events of told) expect(events).toEqual(told[0]);
    await expect.poll(() => api.deps.streams.tails()).toBe(0);
    if ('closeIdleConnections' in server) server.closeIdleConnections();
    await expect.poll(connections).toBe(0);
    expect(world.openai.ledger).toHaveLength(2);
  } finally {
    server.close();
    await stage.close();
  }
});

test('a page has 20 s from its first attempt on, whatever it says of coming back; then its step has timed out', async () => {
  const stage = await openMessages();
  let asked = 0;
  const url = stage.answers('/slow', (_, response) => {
    asked++;
    if (asked === 1) response.writeHead(503, { 'retry-after': '3' }).end();
  });
  try {
    const id = await stage.send(asks('Why?', { url }));
    const events = await stage.events(id);
    expect(outline(events)).toEqual([...wholeRag.slice(0, 3), 'load_docs TIMED_OUT']);
    expect(events.at(-1)?.payload).toEqual({ error: expect.stringContaining('not read within 20 s') });
    expect(asked).toBe(2);
    const { events: history = [] } = await stage.world.client.workflow.getHandle(id).fetchHistory();
    const at = (time: { seconds?: unknown; nanos?: number | null } | null | undefined) =>
      Number(time?.seconds) + Number(time?.nanos) / 1e9;
    const began = history?.find((event) => event.activityTaskScheduledEventAttributes);
    const ended = history?.find((event) => event.activityTaskFailedEventAttributes);
    const seconds = at(ended?.eventTime) - at(began?.eventTime);
    expect(seconds).toBeGreaterThan(19.5);
    expect(seconds).toBeLessThan(30);
    expect(stage.world.openai.ledger).toEqual([]);
  } finally {
    await stage.close();
  }
});
