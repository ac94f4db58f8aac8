// Spellings of this machine's own addresses, each as a URL of a site that listens on `port`.

/** Every one of these leads a client that trusts the URL to the site; names need a resolver. */
export function spellingsOfLoopback(port: number): string[] {
  const hosts = [
    '127.0.0.1',
    '127.0.0.1.',
    '127.0.1',
    '127.1',
    '127.0.0.2',
    '127.255.255.254',
    '2130706433',
    '2130706434',
    '0x7f000001',
    '0X7F000001',
    '0x7f.0.0.1',
    '0x7f.1',
    '0x7f.0x0.0x0.0x1',
    '127.0x0.0.01',
    '0177.0.0.1',
    '0177.1',
    '0177.0x0.1',
    '00000177.0.0.1',
    '017700000001',
    '0.0.0.0',
    '0',
    '0x0',
    '00.0',
    '%31%32%37.0.0.1',
    '127%2e0%2E0%2e1',
    '%30%78%37%66.1',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '127．0．0｡1',
    '１２７.０.０.１',
    '127\u00AD.0.0.1',
    'localhost',
    'LOCALHOST',
    'LocalHost',
    'localhost.',
    'loc%61lhost',
    'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
    'local\u00ADhost',
    'app.localhost',
    'a.b.LOCALHOST.',
  ];
  return [
    ...hosts.map((host) => `http://${host}:${port}/`),
    `HTTP://127.0.0.1:${port}/`,
    `http:127.0.0.1:${port}`,
    `http:/127.0.0.1:${port}`,
    `http:///127.0.0.1:${port}`,
    `http:\\\\127.0.0.1:${port}\\`,
    `  http://127.0.0.1:${port}/  `,
    `ht\ntp://127.0.\t0.1:${port}/`,
    `http://127.0.0.1:0${port}/`,
    `http://@127.0.0.1:${port}/`,
    `http://:@127.0.0.1:${port}/?http://example.com/`,
  ];
}

/** The same over IPv6. */
export function spellingsOfLoopback6(port: number): string[] {
  const hosts = [
    '::1',
    '0:0:0:0:0:0:0:1',
    '0000:0000:0000:0000:0000:0000:0000:0001',
    '0::1',
    '::0.0.0.1',
    '::',
    '0:0:0:0:0:0:0:0',
    '::ffff:127.0.0.1',
    '::FFFF:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:7f00:0001',
    '::ffff:0.0.0.0',
  ];
  return hosts.map((host) => `http://[${host}]:${port}/`);
}
