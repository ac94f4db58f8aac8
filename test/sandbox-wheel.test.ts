// pip for a Python that has none, from an index on loopback that may give anything.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { findPip } from '../activities/sandbox/packages.ts';
import { fetchWheel } from '../activities/sandbox/wheel.ts';

const content = 'not a real wheel';
const wheel = {
  project: 'pip',
  file: 'pip-9-py3-none-any.whl',
  sha256: createHash('sha256').update(content).digest('hex'),
};
const bounds = { bytes: 1000, ms: 2000 };
const noAbort = new AbortController().signal;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-wheel-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Gives its address. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It has no port.');
  return `http://127.0.0.1:${address.port}`;
}

/** An index that has the wheel, and what else is asked for. */
const index = (file: RequestListener, href = `../../files/${wheel.file}`): RequestListener => {
  const page = `<html><a href="/files/pip-8.tar.gz">pip</a><a\n data-x="1" href="${href}#sha256=00">it</a></html>`;
  return (request, response) => {
    if (request.url === '/simple/pip/') response.setHeader('content-type', 'text/html').end(page);
    else file(request, response);
  };
};
const gives: RequestListener = (_, response) => void response.end(content);
const get = (url: string) => fetchWheel(wheel, `${url}/simple`, join(folder, 'pip'), noAbort, bounds);

test('the wheel with the right hash is kept, a slash behind the index or not', async () => {
  const url = await serve(index(gives));
  const path = await get(url);
  expect(path).toBe(join(folder, 'pip', wheel.file));
  expect(await readFile(path, 'utf8')).toBe(content);
  expect(await fetchWheel(wheel, `${url}/simple/`, join(folder, 'pip'), noAbort, bounds)).toBe(path);
});

test('a file with another hash is refused, and not kept, though the index vouches for it', async () => {
  const url = await serve(index((_, response) => void response.end('something else')));
  await rm(join(folder, 'pip'), { recursive: true, force: true });
  await expect(get(url)).rejects.toThrow(/^127\.0\.0\.1:\d+ gave another file \(sha256 [0-9a-f]{64}\)$/);
  expect(await readdir(folder)).not.toContain('pip');
});

const endless: RequestListener = (_, response) => {
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(500)));
  };
  response.on('drain', more);
  more();
};
const missing: RequestListener = (_, response) => void response.writeHead(404).end();
const hangs: RequestListener = (_, response) => void response.write('begun');

test.each([
  ['has no project pip', missing, /^\S+ answered 404$/],
  ['has no such file', index(gives, '/files/pip-10.whl'), /^\S+ does not have pip-9-py3-none-any\.whl$/],
  ['names it and does not give it', index(missing), /^\S+ answered 404$/],
  ['names a file of the machine', index(gives, `file:///etc/${wheel.file}`), /^\S+ does not have pip-9/],
  ['sends a page without end', endless, /^\S+ sent more than 1000 bytes$/],
  ['sends a file without end', index(endless), /^\S+ sent more than 1000 bytes$/],
  ['hangs', hangs, /^it did not come within 2 s$/],
  ['hangs in the file', index(hangs), /^it did not come within 2 s$/],
  ['cuts the connection', index((request) => void request.socket.destroy()), /^\S+ could not be reached \(.+\)$/],
])('an index that %s is told of in words', async (_, listener, said) => {
  await expect(get(await serve(listener))).rejects.toMatchObject({
    name: 'WheelFault',
    message: expect.stringMatching(said),
  });
});

test('nobody there, or no address at all', async () => {
  await expect(get('http://127.0.0.1:1')).rejects.toThrow(/^127\.0\.0\.1:1 could not be reached \(.+\)$/);
  await expect(get('file:///srv')).rejects.toThrow('the index is no address of http or https');
});

test('whoever gives up waits no longer', async () => {
  const url = await serve(hangs);
  const ending = new AbortController();
  const waiting = fetchWheel(wheel, `${url}/simple`, folder, ending.signal, { ...bounds, ms: 60_000 });
  setTimeout(() => ending.abort(new Error('enough')), 50);
  await expect(waiting).rejects.toThrow('enough');
});

test('the password of an index goes to that index alone, and into no message', async () => {
  const seen: Record<string, string | undefined> = {};
  const elsewhere = await serve((request, response) => {
    seen.elsewhere = request.headers.authorization;
    response.writeHead(404).end();
  });
  const inside = index(() => undefined, `${elsewhere}/files/${wheel.file}`);
  const url = await serve((request, response) => {
    seen.index = request.headers.authorization;
    inside(request, response);
  });
  const said = await get(url.replace('//', '//me:s%20cret@')).catch(String);
  expect(seen).toEqual({ index: `Basic ${Buffer.from('me:s cret').toString('base64')}`, elsewhere: undefined });
  expect(said).toMatch(/answered 404/);
  expect(said).not.toMatch(/cret/);
});

test('a Python without pip and without an index says what can be done', async () => {
  const python = join(folder, 'python3');
  await writeFile(python, '#!/bin/sh\necho "No module named $2" >&2\nexit 1\n', { mode: 0o755 });
  const url = await serve(missing);
  await expect(findPip(python, join(folder, 'none'), `${url}/simple`, noAbort)).rejects.toMatchObject({
    name: 'SandboxUnavailable',
    message: `${python} has neither pip nor ensurepip, and pip could not be fetched: ${new URL(url).host} answered 404. Install python3-pip or python3-venv, or name an index that can be reached in PIP_INDEX_URL, and start again.`,
  });
});
