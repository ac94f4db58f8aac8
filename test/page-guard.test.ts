// The guard's decision alone: nothing is looked up, nothing is sent.
import { BlockList, isIPv4 } from 'node:net';
import { describe, expect, test } from 'vitest';
import { isPublic } from '../activities/page/address.ts';
import { pageEnvironment } from '../activities/page/config.ts';
import { judgeUrl } from '../activities/page/guard.ts';
import { spellingsOfLoopback, spellingsOfLoopback6 } from './pages/loopback.ts';
import { globalUnicast, registry } from './pages/registry.ts';
import { seeded, spelled, type Random } from './pages/seeded.ts';

const nobody = { exempt: new Set<string>(), ports: new Set<number>() };
const kindOf = (url: string, policy = nobody) => judgeUrl(url, policy).kind;

const forbidden: Record<string, string[]> = {
  loopback: ['127.0.0.1', '127.255.255.255', '::1'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  private: ['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255'],
  'link-local': ['169.254.0.1', '169.254.255.255', 'fe80::1', 'febf::1'],
  'cloud metadata': [
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    'fd00:ec2::254',
  ],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  'unique local': ['fc00::1', 'fd12:3456:789a::1', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  'site-local': ['fec0::1', 'feff::1'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1'],
  broadcast: ['255.255.255.255'],
  reserved: ['240.0.0.1', '255.255.255.254', '192.0.0.1', '4000::1', '1::1', '5f00::1', '100::1'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  benchmarking: ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  'IPv4-mapped': ['::ffff:127.0.0.1', '::ffff:a00:1', '::ffff:169.254.169.254'],
  'IPv4-compatible': ['::127.0.0.1', '::7f00:1', '::808:808'],
  'IPv4-translated': ['::ffff:0:127.0.0.1', '::ffff:0:808:808'],
  NAT64: ['64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b::c0a8:101', '64:ff9b:1::808:808'],
  '6to4': ['2002:7f00:1::', '2002:a00:1::1', '2002:808:808::1'],
  Teredo: ['2001::1', '2001:0:7f00:1::'],
  'with a zone': ['fe80::1%eth0', '2606:4700:4700::1111%1'],
  'no address': ['', 'localhost', '127.1', '0x7f.0.0.1', '8.8.8.8.8', '[::1]', '08.8.8.8'],
};

describe.each(Object.entries(forbidden))('%s', (_name, addresses) => {
  test.each(addresses)('%s is not public', (address) => {
    expect(isPublic(address)).toBe(false);
  });
});

/** The neighbours of what is forbidden, and some of everybody's. */
const allowed = `
  8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
  169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 223.255.255.255
  2606:4700:4700::1111 2a00:1450:4001::1 ::ffff:8.8.8.8 ::ffff:808:808 64:ff9b::8.8.8.8`;

test.each(allowed.trim().split(/\s+/))('%s is public', (address) => {
  expect(isPublic(address)).toBe(true);
});

describe('an address of a random kind is judged as the IANA registries say', () => {
  // Two lists: BlockList compares IPv4 with IPv6 ranges too, as the mapped address.
  const closed = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const [network, prefix] of registry) {
    const family = isIPv4(network) ? 'ipv4' : 'ipv6';
    closed[family].addSubnet(network, prefix, family);
  }
  const opened = new BlockList();
  opened.addSubnet(...globalUnicast, 'ipv6');
  const four = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
  const six = (groups: number[]) => groups.map((group) => group.toString(16)).join(':');
  const outside = (address: string) =>
    isIPv4(address) ? closed.ipv4.check(address) : !opened.check(address, 'ipv6') || closed.ipv6.check(address, 'ipv6');

  /** Half of them near the edges of a range of the registry, where mistakes live. */
  function randomFour(random: Random): number {
    const networks = registry.filter(([network]) => isIPv4(network));
    const [network, prefix] = networks[random.below(networks.length)]!;
    const start = network.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
    const edge = random.below(2) === 0 ? start : start + 2 ** (32 - prefix) - 1;
    return random.below(2) === 0 ? random.below(2 ** 32) : (edge + random.below(3) - 1 + 2 ** 32) % 2 ** 32;
  }

  function randomSix(random: Random): number[] {
    const networks = [globalUnicast, ...registry.filter(([network]) => !isIPv4(network))];
    const groups = Array.from({ length: 8 }, () => random.below(65_536));
    if (random.below(3) === 0) return [0x2000 + random.below(0x2000), ...groups.slice(1)];
    const network = networks[random.below(networks.length)]![0];
    const head = network
      .split('::')[0]!
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
    const last = head.pop() ?? 0;
    return [...head, Math.min(Math.max(last + random.below(3) - 1, 0), 65_535), ...groups].slice(0, 8);
  }

  /** What the guard judged otherwise than the registries, out of so many; and how many of them are public. */
  function compare(count: number, next: () => { text: string; open: boolean; judged: boolean }) {
    const all = Array.from({ length: count }, next);
    return { wrong: all.filter(({ open, judged }) => open !== judged), open: all.filter(({ open }) => open).length };
  }

  test('IPv4', () => {
    const random = seeded(20_261_121);
    const { wrong, open } = compare(20_000, () => {
      const text = four(randomFour(random));
      return { text, open: !outside(text), judged: isPublic(text) };
    });
    expect(wrong).toEqual([]);
    expect(open).toBeGreaterThan(5_000);
  });

  test('IPv6', () => {
    const random = seeded(6);
    const { wrong, open } = compare(20_000, () => {
      const text = six(randomSix(random));
      return { text, open: !outside(text), judged: isPublic(text) };
    });
    expect(wrong).toEqual([]);
    expect(open).toBeGreaterThan(5_000);
  });

  test.each([
    ['::ffff:', true],
    ['64:ff9b::', true],
    ['::', false],
    ['::ffff:0:', false],
    ['64:ff9b:1::', false],
    ['fe80::', false],
  ])('IPv4 behind %s, which may be public: %s', (prefix, mayBePublic) => {
    const random = seeded(46);
    const { wrong } = compare(5_000, () => {
      const address = four(randomFour(random));
      return { text: prefix + address, open: mayBePublic && !outside(address), judged: isPublic(prefix + address) };
    });
    expect(wrong).toEqual([]);
  });

  test('IPv4 in any spelling that a URL may have', () => {
    const random = seeded(4);
    const { wrong, open } = compare(20_000, () => {
      const value = randomFour(random);
      const text = `http://${spelled(value, random)}/`;
      return { text, open: !outside(four(value)), judged: kindOf(text) === 'allowed' };
    });
    expect(wrong).toEqual([]);
    expect(open).toBeGreaterThan(5_000);
  });
});

describe('a URL', () => {
  test.each([...spellingsOfLoopback(80), ...spellingsOfLoopback6(443)])('%j is refused', (url) => {
    expect(kindOf(url)).toBe('refused');
  });

  test.each([
    '',
    'example.com',
    '//example.com/',
    '/path',
    'http://',
    'http://[::1',
    'http://[fe80::1%25eth0]/',
    'http://[::1%eth0]/',
    'http://256.1.1.1/',
    'http://1.2.3.4.5/',
    'http://exa mple.com/',
    'http://%00/',
    'http://a%2fb/',
  ])('%j is refused: it is none', (url) => {
    expect(judgeUrl(url, nobody)).toMatchObject({ kind: 'refused', why: expect.stringContaining('not a URL') });
  });

  test.each([
    'file:///etc/passwd',
    'ftp://example.com/',
    'gopher://example.com/',
    'data:text/html,x',
    'javascript:1',
    'ws://example.com/',
    'blob:http://example.com/1',
    'view-source:http://example.com',
  ])('%s is refused: not http', (url) => {
    expect(judgeUrl(url, nobody)).toMatchObject({ kind: 'refused', why: expect.stringContaining('http and https') });
  });

  test.each([
    'http://user@example.com/',
    'http://user:pw@example.com/',
    'https://:pw@example.com/',
    'http://example.com@127.0.0.1/',
  ])('%s is refused: it carries a name or password', (url) => {
    expect(judgeUrl(url, nobody)).toMatchObject({ kind: 'refused', why: expect.stringContaining('password') });
  });

  test('is refused on ports other than 80, 443 and the configured ones', () => {
    const also8080 = { exempt: new Set<string>(), ports: new Set([8080]) };
    for (const port of [0, 1, 22, 25, 81, 444, 6379, 8080, 65_535])
      expect(kindOf(`http://example.com:${port}/`)).toBe('refused');
    for (const port of ['', ':80', ':443', ':8080', ':08080'])
      expect(kindOf(`https://example.com${port}/`, also8080)).toBe('allowed');
    expect(kindOf('http://127.0.0.1:8080/', also8080)).toBe('refused');
  });

  test.each([
    'https://example.com/a?b#c',
    'http://EXAMPLE.com.',
    'http://münchen.example/',
    'http://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
    'http://localhost.example.com/',
    'http://notlocalhost/',
  ])('%s is allowed', (url) => {
    expect(kindOf(url)).toBe('allowed');
  });
});

describe('PAGE_ALLOW', () => {
  const policyOf = (text: string) => ({
    exempt: new Set(pageEnvironment.parse({ PAGE_ALLOW: text }).PAGE_ALLOW),
    ports: new Set<number>(),
  });

  test('exempts exactly the origins that it lists, in whatever spelling', () => {
    const policy = policyOf('http://127.0.0.1:9000, HTTPS://Intranet.Example/ http://[::1]:80');
    for (const url of [
      'http://127.0.0.1:9000/a',
      'http://2130706433:9000/',
      'https://intranet.example:443/',
      'http://[0::1]/',
    ]) {
      expect([url, judgeUrl(url, policy)]).toMatchObject([url, { kind: 'allowed', exempt: true }]);
    }
    for (const url of [
      'http://127.0.0.1:9001/',
      'https://127.0.0.1:9000/',
      'http://127.0.0.2:9000/',
      'http://localhost:9000/',
      'https://[::1]/',
    ]) {
      expect([url, kindOf(url, policy)]).toEqual([url, 'refused']);
    }
    expect(judgeUrl('http://intranet.example/', policy)).toMatchObject({ kind: 'allowed', exempt: false });
    expect(judgeUrl('https://a.intranet.example/', policy)).toMatchObject({ kind: 'allowed', exempt: false });
    expect(judgeUrl('https://intranet.example./', policy)).toMatchObject({ kind: 'allowed', exempt: false });
    expect(judgeUrl('http://user@127.0.0.1:9000/', policy).kind).toBe('refused');
  });

  test.each([
    '127.0.0.1:9000',
    'http://127.0.0.1:9000/path',
    'http://*.example.com',
    '*',
    'http://user@example.com',
    'http://example.com?',
    'ftp://example.com',
    'null',
    'http://',
  ])('%j is refused at start: it is no origin', (text) => {
    expect(() => policyOf(`https://example.com ${text}`)).toThrow('is not an origin');
  });

  test('is empty by default, and so is PAGE_PORTS', () => {
    expect(pageEnvironment.parse({})).toEqual({ PAGE_ALLOW: [], PAGE_PORTS: [] });
    expect(pageEnvironment.parse({ PAGE_PORTS: '8080, 8443' }).PAGE_PORTS).toEqual([8080, 8443]);
    for (const text of ['0', '65536', 'http', '80.5'])
      expect(() => pageEnvironment.parse({ PAGE_PORTS: text })).toThrow('PAGE_PORTS');
  });
});
