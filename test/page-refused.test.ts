// A page's address must not lead to this machine: a canary listens on all its addresses and counts who comes.
import type { LookupAddress } from 'node:dns';
import { buildConnector, Client } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardedConnector, judgeAddresses } from '../activities/page/connector.ts';
import { PageFault } from '../activities/page/fault.ts';
import { createPageFetcher, type PageConfig, type PageFetcher } from '../activities/page/fetcher.ts';
import { spellingsOfLoopback, spellingsOfLoopback6 } from './pages/loopback.ts';
import { html, type Site, startSite } from './pages/site.ts';

const home: LookupAddress[] = [{ address: '127.0.0.1', family: 4 }];

let canary: Site;
beforeAll(async () => {
  canary = await startSite(html('<title>Canary</title><body>inside</body>'));
});
afterAll(() => canary.close());

const spellings = () => [...spellingsOfLoopback(canary.port), ...spellingsOfLoopback6(canary.port)];

interface Visit {
  /** The page's title, or the kind of its fault. */
  outcome: string;
  /** Connections that the canary saw meanwhile. */
  reached: number;
  message: string;
}

/** The canary's port is open and every name leads home, so that only the guard can be the reason of a refusal. */
async function visitAll(urls: string[], config: PageConfig = {}): Promise<[string, Visit][]> {
  const fetcher = createPageFetcher({ ports: [canary.port], resolve: async () => home, ...config });
  const visits: [string, Visit][] = [];
  for (const url of urls) visits.push([url, await visitWith(fetcher, url)]);
  await fetcher.close();
  return visits;
}

async function visitWith(fetcher: PageFetcher, url: string): Promise<Visit> {
  const before = canary.connections();
  const seen = (outcome: string, message = '') => ({ outcome, reached: canary.connections() - before, message });
  try {
    const options = { signal: new AbortController().signal, deadline: Date.now() + 5_000 };
    return seen((await fetcher.fetchPage({ url }, options)).title);
  } catch (error) {
    if (error instanceof PageFault) return seen(error.kind, error.message);
    throw error;
  }
}

const visit = async (url: string, config?: PageConfig): Promise<Visit> => (await visitAll([url], config))[0]![1];
const origins = (urls: string[]) => urls.map((url) => new URL(url).origin);

const refused = expect.objectContaining({ outcome: 'refused', reached: 0 });
const welcomed = expect.objectContaining({ outcome: 'Canary', reached: 1 });

describe('as the URL', () => {
  test('more than 30 spellings are refused and the canary is not reached', async () => {
    expect(new Set(spellings()).size).toBeGreaterThan(30);
    expect(await visitAll(spellings())).toEqual(spellings().map((url) => [url, refused]));
  });

  test('the control: each of them reaches the canary where PAGE_ALLOW lists its origin', async () => {
    const visits = await visitAll(spellings(), { allow: origins(spellings()) });
    expect(visits).toEqual(spellings().map((url) => [url, welcomed]));
  });

  test('PAGE_ALLOW of another port of the same host does not help', async () => {
    expect(await visit(`http://127.0.0.1:${canary.port}/`, { allow: ['http://127.0.0.1:1'] })).toEqual(refused);
  });
});

describe('as a redirect from a site that PAGE_ALLOW lists', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite((request, response) => {
      const [, status, location] = request.url?.split('/') ?? [];
      if (status === 'own') html('<title>Own</title><body>own</body>')(request, response);
      else response.writeHead(Number(status), { location: decodeURIComponent(location ?? '') }).end();
    });
  });
  afterAll(() => site.close());

  const from = (status: number, location: string) => `${site.origin}/${status}/${encodeURIComponent(location)}`;
  const redirected = (status: number, location: string, allow: string[] = []) =>
    visit(from(status, location), { allow: [site.origin, ...allow] });

  /** As a header can carry them; http:x and http:/x are paths of the redirecting site itself. */
  const locations = () =>
    spellings()
      .filter((url) => !/^http:\/?1/.test(url))
      .map((url) => url.trim().replaceAll(/[\t\n]/g, ''))
      .map((url) => Array.from(url, (char) => (char > '~' ? encodeURIComponent(char) : char)).join(''));

  test.each([301, 302, 303, 307, 308])('%i is refused for every spelling', async (status) => {
    const urls = locations().map((location) => from(status, location));
    expect(await visitAll(urls, { allow: [site.origin] })).toEqual(urls.map((url) => [url, refused]));
  });

  test('the control: it is followed where PAGE_ALLOW lists the target too', async () => {
    const urls = locations().map((location) => from(302, location));
    const visits = await visitAll(urls, { allow: [site.origin, ...origins(locations())] });
    expect(visits).toEqual(urls.map((url) => [url, welcomed]));
  });

  test('a protocol-relative one is refused', async () => {
    expect(await redirected(302, `//127.0.0.1:${canary.port}/`)).toEqual(refused);
  });

  test('one to a name that leads home is refused', async () => {
    expect(await redirected(302, `http://page.test:${canary.port}/`)).toEqual(refused);
  });

  test('one to another scheme or with a password is refused', async () => {
    for (const location of ['file:///etc/passwd', 'ftp://127.0.0.1/', `http://user@127.0.0.1:${canary.port}/`]) {
      expect(await redirected(301, location, [canary.origin])).toEqual(refused);
    }
  });

  test('a relative one stays on the site and is followed', async () => {
    expect(await redirected(307, '../own/')).toMatchObject({ outcome: 'Own', reached: 0 });
  });

  test('a refresh in the page or in a header is no redirect', async () => {
    const target = `0; url=http://127.0.0.1:${canary.port}/`;
    const source = `<title>Refresh</title><meta http-equiv=refresh content="${target}"><body>stay</body>`;
    const refreshing = await startSite(html(source, { refresh: target }));
    const allow = [refreshing.origin, canary.origin];
    expect(await visit(`${refreshing.origin}/`, { allow })).toMatchObject({ outcome: 'Refresh', reached: 0 });
    await refreshing.close();
  });
});

describe('as a host name', () => {
  const url = () => `http://page.test:${canary.port}/`;
  const from = (addresses: string[]): LookupAddress[] =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

  test.each<[string, string[]]>([
    ['to loopback', ['127.0.0.1']],
    ['to another address of loopback', ['127.9.9.9']],
    ['to IPv6 loopback', ['::1']],
    ['to a mapped address', ['::ffff:127.0.0.1']],
    ['to the unspecified address', ['0.0.0.0']],
    ['to several addresses of loopback', ['::1', '127.0.0.1']],
  ])('that leads %s is refused, and the fault does not tell where it leads', async (_name, addresses) => {
    const visited = await visit(url(), { resolve: async () => from(addresses) });
    expect(visited).toEqual(refused);
    for (const address of addresses) expect(visited.message).not.toContain(address);
  });

  // On the decision alone: were it wrong, something would be sent there.
  test.each<[string, string[]]>([
    ['to the metadata service', ['169.254.169.254']],
    ['to a private network', ['10.0.0.1']],
    ['to a link-local address with a zone', ['fe80::1%lo']],
    ['to NAT64 of loopback', ['64:ff9b::7f00:1']],
    ['to a public and an internal address', ['8.8.8.8', '127.0.0.1']],
    ['to an internal and a public address', ['10.0.0.1', '8.8.8.8']],
    ['to what is no address', ['localhost']],
  ])('that leads %s is refused', (_name, addresses) => {
    expect(judgeAddresses(from(addresses))).toBe('refused');
    expect(judgeAddresses(from(['8.8.8.8', '2606:4700:4700::1111']))).toBe('allowed');
  });

  test('the control: it reaches the canary where PAGE_ALLOW lists its origin', async () => {
    expect(await visit(url(), { allow: [new URL(url()).origin] })).toEqual(welcomed);
  });

  test('is looked up once for a connection, and the connection goes to that answer', async () => {
    const asked: string[] = [];
    const resolve = async (hostname: string): Promise<LookupAddress[]> => {
      asked.push(hostname);
      return asked.length === 1 ? home : [{ address: '127.0.0.3', family: 4 }];
    };
    expect(await visit(url(), { allow: [new URL(url()).origin], resolve })).toEqual(welcomed);
    expect(asked).toEqual(['page.test']);
  });
});

describe('behind the look-up', () => {
  /** Stands for a client that asks the resolver, checks, and lets the socket ask again: the second answer is `second`. */
  async function rebound(second: string): Promise<unknown> {
    const naive = buildConnector({
      autoSelectFamily: true,
      lookup: (_name, _options, callback) => callback(null, [{ address: second, family: 4 }]),
    });
    const connect = guardedConnector(async () => [{ address: '8.8.8.8', family: 4 }], naive);
    const client = new Client(`http://page.test:${canary.port}`, { connect });
    try {
      return (await client.request({ path: '/', method: 'GET' })).statusCode;
    } catch (error) {
      return error;
    } finally {
      await client.destroy();
    }
  }

  test('a socket that stands at an internal address is closed before a byte is sent', async () => {
    const [connections, bytes] = [canary.connections(), canary.received()];
    expect(await rebound('127.0.0.1')).toMatchObject({ kind: 'refused' });
    await expect.poll(() => canary.connections()).toBe(connections + 1);
    await expect.poll(() => canary.open()).toBe(0);
    expect(canary.received()).toBe(bytes);
  });
});
