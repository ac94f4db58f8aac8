// The chat page from an origin of its own: files for browsers, and no way to anything else.
import { expect, test } from 'vitest';
import { createChatServer } from '../console/server.ts';

const service = 'https://waymark.example';
const chat = createChatServer(service);
const get = (url: string) => chat.request(url);

test('every file of the page is served, and the page may ask the one service that it was made for', async () => {
  const page = await get('http://localhost:3000/chat');
  expect(page.headers.get('content-security-policy')).toContain(`connect-src 'self' ${service};`);
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  const files = [...(await page.text()).matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map(([, file]) => file ?? '');
  expect(files).toHaveLength(2);
  for (let at = 0; at < files.length; at++) {
    const answer = await get(`http://localhost:3000${files[at]}`);
    expect({ file: files[at], status: answer.status }).toEqual({ file: files[at], status: 200 });
    const imported = [...(await answer.text()).matchAll(/ from '\.\/([^']+)'/g)].map(([, name]) => `/console/${name}`);
    files.push(...imported.filter((file) => !files.includes(file)));
  }
  expect(files).toContain('/console/service.js');
  expect(await (await get('http://localhost:3000/console/service.js')).text()).toContain(`service = "${service}";`);
});

test('its address is the one that the service knows by default: 127.0.0.1 and / lead there', async () => {
  for (const [from, to] of [
    ['http://127.0.0.1:3000/chat', 'http://localhost:3000/chat'],
    ['http://[::1]:3000/chat', 'http://localhost:3000/chat'],
    ['http://localhost:3000/', '/chat'],
  ] as const) {
    const { status, headers } = await get(from);
    expect([status, headers.get('location')]).toEqual([302, to]);
  }
  expect((await get('http://localhost:3000/api/runs')).status).toBe(404);
  expect((await get('http://localhost:3000/console/../package.json')).status).toBe(404);
});
