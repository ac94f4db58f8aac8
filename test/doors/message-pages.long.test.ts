// The chat page and the start page in a browser, served by the API and alone from port 3000. Needs `chromium`.
import { once } from 'node:events';
import { join } from 'node:path';
import { serve, type ServerType } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openApiStage } from '../api-stage.ts';
import { authOf, keyOf } from '../auth-stage.ts';
import { createChatServer } from '../../console/server.ts';
import { type Browser, chromium, openBrowser, type Tab } from '../chromium.ts';
import { type MessageStage, openMessages } from './message-stage.ts';

let stage: MessageStage;
let browser: Browser;
let tab: Tab;
const servers: ServerType[] = [];

async function listen(fetch: Parameters<typeof serve>[0]['fetch'], port = 0): Promise<string> {
  const server = serve({ fetch, port, hostname: '127.0.0.1' });
  servers.push(server);
  await once(server, 'listening');
  const at = server.address();
  return `http://localhost:${typeof at === 'object' && at ? at.port : 0}`;
}

let service: string;
beforeAll(async () => {
  if (chromium === undefined) return;
  stage = await openMessages();
  service = await listen(stage.api.app.fetch);
  browser = await openBrowser(chromium);
  ({ tab } = browser);
});
afterAll(async () => {
  await browser?.close();
  for (const server of servers) server.close();
  await stage?.close();
});
beforeEach(() => stage?.world.openai.reset());

/** WAYMARK_PICTURES names a folder for pictures of what the pages look like. */
const picture = async (name: string) => {
  const folder = process.env['WAYMARK_PICTURES'];
  if (folder) await tab.picture(join(folder, `${name}.png`));
};

const text = (selector: string) =>
  tab.run<string>(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`);
const asksForKey = () => tab.run<boolean>(`!document.querySelector('#key').hidden`);
const talk = () => tab.run<string[]>(`[...document.querySelectorAll('#talk li p')].map((one) => one.textContent)`);

/** Types and presses Enter, and notes what the status line says until it is idle again. */
async function ask(question: string, url = ''): Promise<void> {
  await tab.run(`(() => {
    window.said = [];
    new MutationObserver(() => said.push(document.querySelector('#status').textContent))
      .observe(document.querySelector('#status'), { childList: true, characterData: true, subtree: true });
    document.querySelector('#url').value = ${JSON.stringify(url)};
    const box = document.querySelector('#question');
    box.value = ${JSON.stringify(question)};
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', cancelable: true }));
  })()`);
}
const idle = async () => {
  await expect.poll(() => text('#status'), { timeout: 30_000 }).toBe('idle');
};
const said = () => tab.run<string[]>('said');

/** Nothing covers what was said last. */
const seen = () =>
  tab.run<boolean>(
    `document.querySelector('#talk li:last-child').getBoundingClientRect().bottom <= document.querySelector('#foot').getBoundingClientRect().top`,
  );
const fits = () => tab.run<boolean>('document.documentElement.scrollWidth <= innerWidth');

/** Breaks off after so many chunks. */
function cutAfter(body: ReadableStream<Uint8Array>, chunks: number): ReadableStream<Uint8Array> {
  let left = chunks;
  return body.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        if (left-- > 0) controller.enqueue(chunk);
        else controller.terminate();
      },
    }),
  );
}

/** Passed through, and not for long. */
const fleeting = ['waiting for a worker', 'thinking'];

describe.skipIf(chromium === undefined)('in a browser', () => {
  test.each([
    ['the API', async () => `${service}/chat`],
    ['a server of its own on port 3000', () => listen(createChatServer(service).fetch, 3000)],
  ])(
    'from %s the chat page asks about a page, follows the steps, answers, and goes on with what was said',
    async (name, open) => {
      stage.world.openai.script({ match: 'most relevant', tokens: 20, tokenMs: 20 });
      stage.world.openai.script({
        match: 'following research',
        text: 'They <b>hold</b> hands.\n\nYes.',
        firstTokenMs: 300,
      });
      await tab.size(390, 844);
      await tab.go(await open());
      tab.complaints.length = 0;
      expect(await talk()).toEqual(['How can I help you?']);
      expect(await text('#status')).toBe('idle');
      await ask('What do otters do?', stage.page('Otters hold hands.'));
      await expect.poll(() => text('#run')).toContain('Temporal');
      await expect.poll(() => text('#status')).toBe('writing a response');
      await picture(`chat ${name} under way`);
      await idle();
      expect((await said()).filter((one) => !fleeting.includes(one))).toEqual([
        'sending',
        'reading the page',
        'making sense of the docs',
        'writing a response',
        'idle',
      ]);
      const answered = ['How can I help you?', 'What do otters do?', 'They <b>hold</b> hands.\n\nYes.'];
      expect(await talk()).toEqual(answered);
      const link = await tab.run<string>(`document.querySelector('#talk li:last-child a').href`);
      expect(link).toMatch(/^http:\/\/127\.0\.0\.1:8233\/namespaces\/[^/]+\/workflows\/[0-9a-f-]{36}/);

      await ask('And then?');
      await idle();
      expect(await talk()).toHaveLength(5);
      const [last] = stage.world.openai.ledger.slice(-1);
      expect(last?.prompt).toBe('And then?');
      await ask('What of that?', stage.page('Otters.'));
      await idle();
      expect(stage.world.openai.ledger.at(-1)?.asked?.said.slice(1)).toHaveLength(5);
      expect([await fits(), await seen()]).toEqual([true, true]);
      await picture(`chat ${name}`);
      expect(tab.complaints).toEqual([]);
    },
  );

  test('what goes wrong is shown with its reason, and the question comes back into its box', async () => {
    await tab.size(1100, 800);
    await tab.go(`${service}/chat`);
    await ask('What is this?', 'http://127.0.0.1:1/');
    await idle();
    expect((await talk()).at(-1)).toMatch(/^That did not work\. The address is refused/);
    expect(await tab.run(`document.querySelector('#question').value`)).toBe('What is this?');
    expect(await tab.run(`document.querySelector('#talk li:last-child').getAttribute('role')`)).toBe('alert');
    await picture('chat failed');

    stage.world.openai.script({ match: 'stop me', tokens: 400, tokenMs: 50 });
    await ask('stop me');
    await expect.poll(() => stage.world.openai.matching('stop me').length).toBe(1);
    await tab.run(`document.querySelector('#stop').click()`);
    await idle();
    expect((await talk()).at(-1)).toBe('Stopped.');
    await stage.world.openai.until(() => stage.world.openai.matching('stop me')[0]?.closed_at !== undefined);
  });

  test('over connections that break, and a service that is away for a while, the answer comes, once', async () => {
    const flaky = new Hono();
    let times = 0;
    flaky.get('/message/:id', async (c) => {
      if (++times === 2) return c.text('away', 503);
      const answer = await stage.api.app.fetch(c.req.raw);
      return times === 1 ? new Response(cutAfter(answer.body!, 4), answer) : answer;
    });
    flaky.all('*', (c) => stage.api.app.fetch(c.req.raw));
    stage.world.openai.script({ match: 'most relevant', tokens: 60, tokenMs: 50 });
    await tab.go(`${await listen(flaky.fetch)}/chat`);
    await ask('What do otters do?', stage.page('Otters hold hands.'));
    await expect.poll(() => text('#status')).toBe('connection lost, trying again');
    await idle();
    expect(await talk()).toHaveLength(3);
    expect((await said()).slice(-2)).toEqual(['writing a response', 'idle']);
    expect(times).toBe(3);
    expect(stage.world.openai.ledger).toHaveLength(2);
  });

  test('where the service asks for a key, so do the pages, and go on with it', async () => {
    const guarded = await openApiStage(stage.world, { auth: authOf() });
    const address = await listen(guarded.app.fetch);
    await tab.go(`${address}/chat`);
    await ask('Who are you?');
    await expect.poll(asksForKey).toBe(true);
    expect(await talk()).toEqual(['How can I help you?']);
    const give = (key: string) =>
      tab.run(`(document.querySelector('#token').value = '${key}', document.querySelector('#key').requestSubmit())`);
    await give('wrong');
    await expect.poll(asksForKey).toBe(true);
    await give(keyOf('ann'));
    await expect.poll(talk).toHaveLength(3);
    expect(stage.world.openai.ledger).toHaveLength(1);
    await tab.go(address);
    await expect.poll(() => text('tbody')).toContain('Who are you?');
    await tab.run(`sessionStorage.clear()`);
    await expect.poll(asksForKey).toBe(true);
    await guarded.close();
  });

  test('the start page shows the newest runs as they come and change, and leads to the other pages', async () => {
    await tab.size(1100, 800);
    await tab.go(service);
    tab.complaints.length = 0;
    stage.world.openai.script({ match: 'shown there', tokens: 60, tokenMs: 50 });
    const id = await stage.send({ messages: [{ role: 'user', content: 'shown there' }] });
    const row = () =>
      tab.run<string>(`[...document.querySelectorAll('tr')].find((row) => row.innerText.includes('${id}'))?.innerText`);
    await expect.poll(row).toMatch(/simple\s+running\s+shown there/);
    await expect.poll(row).toMatch(/simple\s+completed\s+shown there/);
    const links = await tab.run<string[]>(`[...document.querySelectorAll('nav a')].map((a) => a.href)`);
    expect(links.map((link) => link.replace(service, ''))).toEqual([
      '/chat',
      '/hello',
      '/docs',
      '/redoc',
      '/openapi.json',
      'http://127.0.0.1:8233/',
    ]);
    await picture('start');
    await tab.size(390, 844);
    expect(await fits()).toBe(true);
    await picture('start on a phone');
    expect(tab.complaints).toEqual([]);
  });
});
