// What the fetcher makes of what sites answer: bodies, statuses, limits, aborts.
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { setDefaultCACertificates, getCACertificates } from 'node:tls';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { PageFault } from '../activities/page/fault.ts';
import { createPageFetcher, type PageConfig } from '../activities/page/fetcher.ts';
import { asPageFault } from '../activities/page/network.ts';
import type { Page } from '../activities/page/page.ts';
import { html, paths, type Site, startSite, startTlsSite, tlsFile } from './pages/site.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

async function site(answer: RequestListener): Promise<Site> {
  const started = await startSite(answer);
  closing.push(started);
  return started;
}

interface Given {
  config?: PageConfig;
  signal?: AbortSignal;
  /** ms */
  time?: number;
}

async function fetchFrom({ origin }: { origin: string }, path = '/', given: Given = {}): Promise<Page> {
  const fetcher = createPageFetcher({ allow: [origin], ...given.config });
  closing.push(fetcher);
  const signal = given.signal ?? new AbortController().signal;
  return fetcher.fetchPage({ url: origin + path }, { signal, deadline: Date.now() + (given.time ?? 20_000) });
}

async function faultOf(page: Promise<Page>): Promise<PageFault> {
  const error: unknown = await page.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  if (!(error instanceof PageFault)) throw new Error('The page did not fail as a page.', { cause: error });
  return error;
}

const simple = '<!doctype html><title> A \n title </title><body><h1>Head</h1> <p>One &amp; two</p></body>';
const megabytes5 = 5 * 1024 * 1024;
/** A page of exactly so many bytes. */
const sized = (bytes: number) => Buffer.from(`<body>${'x'.repeat(bytes - 13)}</body>`);

describe('a page', () => {
  test('comes back as its address, status, title and text', async () => {
    const answer = paths({ '/a?b=1': html(simple, {}, 203) });
    const { origin } = await site(answer);
    const text = 'Head | One & two';
    const page = await fetchFrom({ origin }, '/a?b=1#part');
    expect(page).toEqual({ url: `${origin}/a?b=1`, status: 203, title: 'A title', text, chars: text.length });
  });

  test('has the address after redirects', async () => {
    const { origin } = await site((request, response) => {
      if (request.url === '/') response.writeHead(301, { location: '/b/#x' }).end('moved');
      else html(simple)(request, response);
    });
    expect((await fetchFrom({ origin })).url).toBe(`${origin}/b/`);
  });

  test('is asked for with a fixed user agent, without cookies and referrer, also after a redirect that sets some', async () => {
    const seen: string[][] = [];
    const { origin } = await site((request, response) => {
      seen.push(request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
      expect(request.headers['user-agent']).toMatch(/^Waymark\//);
      if (request.url === '/') response.writeHead(302, { location: '/b', 'set-cookie': 'a=b; Path=/' }).end();
      else html(simple)(request, response);
    });
    await fetchFrom({ origin });
    expect(seen).toHaveLength(2);
    for (const names of seen) {
      expect(names.toSorted()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
    }
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
  ])('packed as %s is unpacked', async (coding, pack) => {
    const { origin } = await site(html(pack(Buffer.from(simple)), { 'content-encoding': coding }));
    expect((await fetchFrom({ origin })).text).toBe('Head | One & two');
  });

  test('of the type application/xhtml+xml is read', async () => {
    const { origin } = await site(html(simple, { 'content-type': 'Application/XHTML+xml ; charset=utf-8' }));
    expect((await fetchFrom({ origin })).title).toBe('A title');
  });

  test('over https is read, and one whose certificate nobody vouches for is not', async () => {
    const secure = await startTlsSite(html(simple));
    closing.push(secure);
    const config: PageConfig = { resolve: async () => [{ address: '127.0.0.1', family: 4 }] };
    const at = (name: string) => ({ origin: `https://${name}:${secure.port}` });
    const known = getCACertificates();
    expect(await faultOf(fetchFrom(at('page.test'), '/', { config }))).toMatchObject({
      kind: 'unreachable',
      retryable: false,
    });
    setDefaultCACertificates([...known, tlsFile('certificate.pem')]);
    try {
      expect((await fetchFrom(at('page.test'), '/', { config })).title).toBe('A title');
      const wrongName = await faultOf(fetchFrom(at('other.test'), '/', { config }));
      expect(wrongName).toMatchObject({
        kind: 'unreachable',
        retryable: false,
        message: expect.stringContaining('certificate'),
      });
    } finally {
      setDefaultCACertificates(known);
    }
  });
});

describe('a page of 5 MB', () => {
  const withoutLength =
    (body: Buffer, headers: Record<string, string> = {}): RequestListener =>
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html', ...headers });
      response.write(body.subarray(0, 1000));
      response.end(body.subarray(1000));
    };
  const ways: [string, (bytes: number) => RequestListener][] = [
    ['with its length said', (bytes) => html(sized(bytes))],
    ['with its length unsaid', (bytes) => withoutLength(sized(bytes))],
    ['packed', (bytes) => html(gzipSync(sized(bytes)), { 'content-encoding': 'gzip' })],
  ];

  test.each(ways)('%s passes, one byte more does not', async (_name, answer) => {
    expect((await fetchFrom(await site(answer(megabytes5)))).chars).toBe(megabytes5 - 13);
    expect(await faultOf(fetchFrom(await site(answer(megabytes5 + 1))))).toMatchObject({
      kind: 'too_large',
      retryable: false,
    });
  });

  test.each([
    ['gzip', gzipSync],
    ['br', (zeros: Buffer) => brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
    ['zstd', zstdCompressSync],
  ])('is where a %s bomb is cut', async (coding, pack) => {
    // Packed data may be joined, but for brotli's.
    const packed = pack(Buffer.alloc(2 ** 26));
    const bomb = coding === 'br' ? packed : Buffer.concat(Array.from({ length: 16 }, () => packed));
    const bombSite = await site(html(bomb, { 'content-encoding': coding }));
    const before = process.memoryUsage().rss;
    const start = performance.now();
    expect(await faultOf(fetchFrom(bombSite))).toMatchObject({ kind: 'too_large' });
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    await expect.poll(() => bombSite.open()).toBe(0);
  });
});

describe('not a page', () => {
  const bodies: Record<string, [string | Buffer, Record<string, string>, PageFault['kind']]> = {
    JSON: ['{"a":1}', { 'content-type': 'application/json' }, 'not_html'],
    'plain text': ['text', { 'content-type': 'text/plain' }, 'not_html'],
    XML: [simple, { 'content-type': 'application/xml' }, 'not_html'],
    'a PDF': ['%PDF', { 'content-type': 'application/pdf' }, 'not_html'],
    'something of no type': [simple, { 'content-type': '' }, 'not_html'],
    'something of a broken type': [simple, { 'content-type': 'html' }, 'not_html'],
    'JSON that is called HTML': ['{"a":"<b>"}', {}, 'no_body'],
    'plain text that is called HTML': ['Hello', {}, 'no_body'],
    nothing: ['', {}, 'no_body'],
    'an unknown packing': [simple, { 'content-encoding': 'lzma' }, 'not_html'],
    'two packings': [gzipSync(gzipSync(simple)), { 'content-encoding': 'gzip, gzip' }, 'not_html'],
    'a packing that is not what it says': [simple, { 'content-encoding': 'gzip' }, 'not_html'],
    'a broken brotli': [simple, { 'content-encoding': 'br' }, 'not_html'],
    'a broken zstd': [simple, { 'content-encoding': 'zstd' }, 'not_html'],
    'a packing cut short': [gzipSync(simple).subarray(0, 40), { 'content-encoding': 'gzip' }, 'not_html'],
    'an encoding that browsers refuse': [simple, { 'content-type': 'text/html; charset=iso-2022-kr' }, 'not_html'],
  };

  test.each(Object.entries(bodies))('%s fails and is not tried again', async (_name, [body, headers, kind]) => {
    expect(await faultOf(fetchFrom(await site(html(body, headers))))).toMatchObject({ kind, retryable: false });
  });

  const statuses: [number, PageFault['kind'], boolean][] = [
    [300, 'status', false],
    [304, 'status', false],
    [400, 'status', false],
    [401, 'status', false],
    [403, 'status', false],
    [404, 'not_found', false],
    [408, 'status', true],
    [410, 'not_found', false],
    [418, 'status', false],
    [429, 'status', true],
    [451, 'status', false],
    [500, 'status', true],
    [502, 'status', true],
    [503, 'status', true],
    [599, 'status', true],
  ];

  test.each(statuses)('status %i is %s, tried again: %s', async (status, kind, retryable) => {
    const fault = await faultOf(fetchFrom(await site(html(simple, {}, status))));
    expect(fault).toMatchObject({ kind, retryable });
    expect(fault.message).toContain(String(status));
  });

  test('a 429 or 503 says when to come back, in seconds or as a date', async () => {
    const after = async (value: string, status = 429) =>
      (await faultOf(fetchFrom(await site(html('', { 'retry-after': value }, status))))).retryAfterMs;
    expect(await after('3')).toBe(3000);
    expect(await after('0', 503)).toBe(0);
    expect(await after(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(55_000);
    expect(await after(new Date(0).toUTCString())).toBe(0);
    expect(await after('soon')).toBeUndefined();
    expect(await after('3', 404)).toBeUndefined();
  });

  test('a 429 that says to come back after the deadline is not tried again', async () => {
    const busy = await site(html('', { 'retry-after': '5' }, 429));
    expect(await faultOf(fetchFrom(busy, '/', { time: 20_000 }))).toMatchObject({ retryable: true });
    expect(await faultOf(fetchFrom(busy, '/', { time: 4_000 }))).toMatchObject({ kind: 'status', retryable: false });
  });

  test('5 redirects are followed, a sixth is not', async () => {
    const { origin } = await site((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end();
      else html(simple)(request, response);
    });
    expect((await fetchFrom({ origin }, '/5')).title).toBe('A title');
    expect(await faultOf(fetchFrom({ origin }, '/6'))).toMatchObject({ kind: 'too_many_redirects', retryable: false });
  });

  test('a redirect to nowhere is a status', async () => {
    expect(await faultOf(fetchFrom(await site(html('', {}, 302))))).toMatchObject({ kind: 'status', retryable: false });
  });
});

describe('a connection', () => {
  test('that is reset is tried again, before the answer or inside it', async () => {
    const early = await site((request) => request.socket.resetAndDestroy());
    const late = await site((request, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': 100_000 });
      response.write('<body>', () => setTimeout(() => request.socket.resetAndDestroy(), 20));
    });
    for (const { origin } of [early, late]) {
      expect(await faultOf(fetchFrom({ origin }))).toMatchObject({ kind: 'unreachable', retryable: true });
    }
  });

  test('that ends inside the answer is tried again', async () => {
    const { origin } = await site((request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.write('<body>half', () => setTimeout(() => request.socket.end(), 20));
    });
    expect(await faultOf(fetchFrom({ origin }))).toMatchObject({ kind: 'unreachable', retryable: true });
  });

  test('that nobody takes is not tried again', async () => {
    const gone = await site(html(simple));
    await gone.close();
    const fault = await faultOf(fetchFrom(gone));
    expect(fault).toMatchObject({ kind: 'unreachable', retryable: false });
  });

  test('to something that does not speak HTTP is not tried again', async () => {
    const { origin } = await site((request) => void request.socket.end('SSH-2.0-x\r\n'));
    expect(await faultOf(fetchFrom({ origin }))).toMatchObject({ kind: 'unreachable', retryable: false });
  });

  test.each([
    ['EAI_AGAIN', 'dns', true],
    ['ENOTFOUND', 'dns', false],
  ])('to a name whose look-up says %s is %s, tried again: %s', async (code, kind, retryable) => {
    const resolve = () => Promise.reject(Object.assign(new Error('lookup'), { code }));
    const { port } = await site(html(simple));
    const from = { origin: `http://page.test:${port}` };
    expect(await faultOf(fetchFrom(from, '/', { config: { resolve } }))).toMatchObject({ kind, retryable });
    expect(await faultOf(fetchFrom(from, '/', { config: { allow: [], ports: [port], resolve } }))).toMatchObject({
      kind,
      retryable,
    });
  });

  test('that times out by itself is tried again', () => {
    for (const code of ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']) {
      const error = Object.assign(new Error('connect ETIMEDOUT 10.0.0.7:80'), { code });
      expect(asPageFault(error, 'page.test')).toMatchObject({ kind: 'timeout', retryable: true });
    }
  });

  test('fails with a message that names no address and ends with advice', () => {
    for (const code of [
      'ECONNRESET',
      'ECONNREFUSED',
      'ETIMEDOUT',
      'EAI_AGAIN',
      'CERT_HAS_EXPIRED',
      'HPE_INVALID_CONSTANT',
      'EPROTO',
      '',
    ]) {
      const fault = asPageFault(
        Object.assign(new Error('connect 10.0.0.7:80'), { code, address: '10.0.0.7' }),
        'page.test',
      );
      expect(fault.message).toMatch(/^page\.test .*\. [A-Z][^.]*\.$/);
      expect(fault.message).not.toContain('10.0.0.7');
    }
  });
});

describe('the deadline', () => {
  /** One byte each 20 ms, for ever. */
  const drip: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  };
  const silence: RequestListener = () => undefined;
  const headersForEver: RequestListener = (request) => {
    request.socket.write('HTTP/1.1 200 OK\r\nx-drip: ');
    const timer = setInterval(() => request.socket.write('x'), 20);
    request.socket.on('close', () => clearInterval(timer));
  };
  const aroundForEver: RequestListener = (request, response) => {
    setTimeout(() => response.writeHead(302, { location: `${request.url}x` }).end(), 100);
  };

  test.each([
    ['a body that drips', drip],
    ['a server that says nothing', silence],
    ['a header that drips', headersForEver],
    ['redirects that take their time', aroundForEver],
  ])('ends %s, and the connection with it', async (_name, answer) => {
    const slow = await site(answer);
    const start = performance.now();
    expect(await faultOf(fetchFrom(slow, '/', { time: 300 }))).toMatchObject({ kind: 'timeout', retryable: false });
    expect(performance.now() - start).toBeGreaterThan(290);
    expect(performance.now() - start).toBeLessThan(1_500);
    await expect.poll(() => slow.open(), { timeout: 1_000 }).toBe(0);
  });

  test('ends a look-up that never answers', async () => {
    const config: PageConfig = { allow: [], resolve: () => new Promise(() => undefined) };
    const start = performance.now();
    const fault = await faultOf(fetchFrom({ origin: 'http://page.test' }, '/', { config, time: 200 }));
    expect(fault).toMatchObject({ kind: 'timeout', retryable: false });
    expect(performance.now() - start).toBeLessThan(1_500);
  });

  test('that has passed lets nothing begin', async () => {
    const late = await site(html(simple));
    expect(await faultOf(fetchFrom(late, '/', { time: -1 }))).toMatchObject({ kind: 'timeout', retryable: false });
    expect(late.connections()).toBe(0);
  });

  test('an abort in the middle of a body closes the connection and is what is thrown', async () => {
    const slow = await site(drip);
    const abort = new AbortController();
    const reason = new Error('paused');
    const end = fetchFrom(slow, '/', { signal: abort.signal }).catch((error: unknown) => error);
    await expect.poll(() => slow.open()).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const start = performance.now();
    abort.abort(reason);
    expect(await end).toBe(reason);
    await expect.poll(() => slow.open(), { interval: 10 }).toBe(0);
    expect(performance.now() - start).toBeLessThan(500);
  });

  test('an abort that came before lets nothing begin', async () => {
    const unseen = await site(html(simple));
    const reason = new Error('cancelled');
    await expect(fetchFrom(unseen, '/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(unseen.connections()).toBe(0);
  });
});

test('the connection is closed when the page is there', async () => {
  const kept = await site(html(simple));
  await fetchFrom(kept);
  await expect.poll(() => kept.open()).toBe(0);
});

test('the site of these tests counts a connection that somebody makes', async () => {
  const counted = await site(html(simple));
  const socket = connect(counted.port, '127.0.0.1');
  await expect.poll(() => counted.open()).toBe(1);
  socket.destroy();
  await expect.poll(() => counted.open()).toBe(0);
  expect(counted.connections()).toBe(1);
});
