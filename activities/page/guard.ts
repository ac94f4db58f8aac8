// Which URLs a page may be fetched from: a decision on the URL's text alone, nothing is looked up.
import { isIP } from 'node:net';
import { isPublic } from './address.ts';

export interface GuardPolicy {
  /** Origins (scheme://host:port as `URL.origin` writes them) to which neither port nor address rules apply. */
  exempt: ReadonlySet<string>;
  /** Ports besides 80 and 443. */
  ports: ReadonlySet<number>;
}

export type UrlVerdict =
  /** `exempt`: do not judge the addresses that its host resolves to. */
  | { kind: 'allowed'; url: URL; exempt: boolean }
  /** `why` finishes the sentence "The address is refused: …". */
  | { kind: 'refused'; why: string };

const refused = (why: string): UrlVerdict => ({ kind: 'refused', why });

const notPublic = 'its host is not on the public internet; only an origin that PAGE_ALLOW lists may be internal';

/**
 * All judgement is on the URL as the WHATWG parser reads it (https://url.spec.whatwg.org), which is also what the
 * connection is made from: decimal, octal, hexadecimal, short, percent-encoded and Unicode spellings of a host are one
 * and the same to it.
 *
 * @param base the page whose redirect led here; `text` may then be relative to it
 */
export function judgeUrl(text: string, policy: GuardPolicy, base?: URL): UrlVerdict {
  const url = URL.parse(text, base?.href);
  if (url === null) return refused('it is not a URL; write it in full, as https://example.com/page');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refused('only http and https pages are read');
  if (url.username !== '' || url.password !== '') return refused('it carries a user name or password; leave them out');
  if (policy.exempt.has(url.origin)) return { kind: 'allowed', url, exempt: true };
  if (!isOpenPort(url, policy)) return refused(`port ${url.port} is not read, only 80, 443 and those in PAGE_PORTS`);
  if (isInternalHost(url.hostname)) return refused(notPublic);
  return { kind: 'allowed', url, exempt: false };
}

/** The parser leaves the scheme's own port out. */
function isOpenPort({ port }: URL, { ports }: GuardPolicy): boolean {
  return port === '' || port === '80' || port === '443' || ports.has(Number(port));
}

/** Judges literals, and the one name that is this machine wherever it is asked (https://www.rfc-editor.org/rfc/rfc6761#section-6.3). */
function isInternalHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host) !== 0) return !isPublic(host);
  return host === 'localhost' || host.endsWith('.localhost');
}
