// From a URL to the bytes of an HTML page: redirects by hand, each of them judged; nothing of one hop reaches the next.
import { addAbortListener } from 'node:events';
import { MIMEType } from 'node:util';
import { Client, type Dispatcher } from 'undici';
import { acceptEncoding, readBody, tooLarge } from './body.ts';
import { guardedConnector, openConnector, type Resolve } from './connector.ts';
import { PageFault } from './fault.ts';
import { type GuardPolicy, judgeUrl } from './guard.ts';
import { asPageFault } from './network.ts';
import { statusFault } from './status.ts';

export interface DownloadRules extends GuardPolicy {
  maxRedirects: number;
  /** Of the unpacked body. */
  maxBytes: number;
  resolve: Resolve;
}

export interface Download {
  /** After redirects. */
  url: URL;
  /** 2xx. */
  status: number;
  /** As the Content-Type header names it. */
  charset: string | undefined;
  bytes: Buffer;
}

const headers = {
  'user-agent': 'Waymark/0.1 (reads one page for a person)',
  accept: 'text/html,application/xhtml+xml',
  'accept-encoding': acceptEncoding,
};

/**
 * @param signal ends it at once and closes its connection; whatever is then thrown is of no interest
 * @throws PageFault
 */
export async function download(address: string, rules: DownloadRules, signal: AbortSignal): Promise<Download> {
  let next = address;
  let from: URL | undefined;
  for (let redirects = 0; redirects <= rules.maxRedirects; redirects++) {
    const verdict = judgeUrl(next, rules, from);
    if (verdict.kind === 'refused') throw refused(verdict.why, from);
    const outcome = await hop(verdict.url, verdict.exempt, rules, signal);
    if (outcome.kind === 'page') return outcome.page;
    next = outcome.location;
    from = verdict.url;
  }
  throw new PageFault(
    'too_many_redirects',
    `The page redirects more than ${rules.maxRedirects} times. Use the address that the browser shows in the end.`,
  );
}

type Outcome = { kind: 'page'; page: Download } | { kind: 'redirect'; location: string };

/** One request on a connection of its own, which is closed in any case. */
async function hop(url: URL, exempt: boolean, rules: DownloadRules, signal: AbortSignal): Promise<Outcome> {
  const connect = exempt ? openConnector(rules.resolve) : guardedConnector(rules.resolve);
  const client = new Client(url.origin, { connect });
  // A request that still waits for its connection does not listen to its signal: the client has to go.
  const leaving = addAbortListener(signal, () => void client.destroy());
  try {
    const response = await client.request({ path: url.pathname + url.search, method: 'GET', headers, signal });
    // A body that is not read to its end breaks when the client is destroyed; nobody cares.
    response.body.on('error', () => undefined);
    const location = locationOf(response);
    if (location !== undefined) return { kind: 'redirect', location };
    if (response.statusCode < 200 || response.statusCode > 299) throw statusFault(url.host, response);
    return { kind: 'page', page: await readPage(url, response, rules.maxBytes) };
  } catch (error) {
    throw asPageFault(error, url.host);
  } finally {
    // Not awaited: a connection that is still being made would be waited for. One that stands is closed at once.
    void client.destroy();
    leaving[Symbol.dispose]();
  }
}

async function readPage(url: URL, response: Dispatcher.ResponseData, maxBytes: number): Promise<Download> {
  const charset = charsetOfHtml(url.host, header(response, 'content-type'));
  if (Number(header(response, 'content-length')) > maxBytes) throw tooLarge(maxBytes);
  const bytes = await readBody(response.body, header(response, 'content-encoding'), maxBytes);
  return { url, status: response.statusCode, charset, bytes };
}

const redirectStatuses = new Set([301, 302, 303, 307, 308]);

function locationOf(response: Dispatcher.ResponseData): string | undefined {
  const location = header(response, 'location');
  return redirectStatuses.has(response.statusCode) && location !== '' ? location : undefined;
}

/** A header that came more than once counts by its first. */
function header({ headers: all }: Dispatcher.ResponseData, name: string): string {
  return [all[name]].flat()[0] ?? '';
}

function charsetOfHtml(host: string, contentType: string): string | undefined {
  const type = parseType(contentType);
  if (type?.essence === 'text/html' || type?.essence === 'application/xhtml+xml') {
    return type.params.get('charset') ?? undefined;
  }
  const got = contentType === '' ? 'without a content type' : `of type "${contentType.slice(0, 80)}"`;
  throw new PageFault('not_html', `${host} sent something ${got}, not an HTML page. Use the address of an HTML page.`);
}

function parseType(contentType: string): MIMEType | undefined {
  try {
    return new MIMEType(contentType);
  } catch {
    return undefined;
  }
}

/** Where a redirect led is said only as far as the redirect itself said it. */
function refused(why: string, from: URL | undefined): PageFault {
  const what = from === undefined ? 'The address' : `The address that ${from.host} redirects to`;
  return new PageFault('refused', `${what} is refused: ${why}.`);
}
