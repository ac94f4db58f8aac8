// The page step: a URL in, the page's text out, within one deadline.
import { systemResolve, type Resolve } from './connector.ts';
import { download, type DownloadRules } from './download.ts';
import { PageFault } from './fault.ts';
import type { Page, PageRequest } from './page.ts';
import { createPageReader } from './text.ts';

/** A page has so long from its first attempt's start, retries included. */
export const pageTimeMs = 20_000;

export interface PageConfig {
  /** Exempt origins, as PAGE_ALLOW gives them. */
  allow?: readonly string[];
  /** Ports besides 80 and 443, as PAGE_PORTS gives them. */
  ports?: readonly number[];
  /** Parsing threads at most. */
  threads?: number;
  /** For tests: how host names are looked up. */
  resolve?: Resolve;
}

export interface FetchOptions {
  /** An abort closes the connection or ends the parse at once; the promise then rejects with `signal.reason`. */
  signal: AbortSignal;
  /** When the page must be there, in ms since the epoch: the first attempt's start + `pageTimeMs`. */
  deadline: number;
}

export interface PageFetcher {
  /** @throws PageFault, or the signal's reason */
  fetchPage(request: PageRequest, options: FetchOptions): Promise<Page>;
  /** Ends the parsing threads; pages that are being read fail. */
  close(): Promise<void>;
}

export function createPageFetcher(config: PageConfig = {}): PageFetcher {
  const reader = createPageReader({ threads: config.threads });
  const rules: DownloadRules = {
    exempt: new Set(config.allow),
    ports: new Set(config.ports),
    resolve: config.resolve ?? systemResolve,
    maxRedirects: 5,
    maxBytes: 5 * 1024 * 1024,
  };

  async function read({ url: address }: PageRequest, signal: AbortSignal): Promise<Page> {
    const { url, status, charset, bytes } = await download(address, rules, signal);
    const { title, text } = await reader.read(bytes, charset, signal);
    url.hash = '';
    return { url: url.href, status, title, text, chars: text.length };
  }

  return {
    async fetchPage(request, { signal, deadline }) {
      signal.throwIfAborted();
      const left = deadline - Date.now();
      if (left <= 0) throw outOfTime();
      const end = AbortSignal.any([signal, AbortSignal.timeout(left)]);
      try {
        return await read(request, end);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (end.aborted) throw outOfTime(error);
        throw isTooLate(error, deadline) ? asLast(error) : error;
      }
    },
    close: () => reader.close(),
  };
}

/** Whether the site asks us to come back when the page's time is over. */
function isTooLate(error: unknown, deadline: number): error is PageFault {
  return error instanceof PageFault && error.retryable && Date.now() + (error.retryAfterMs ?? 0) >= deadline;
}

function asLast({ kind, message, retryAfterMs, cause }: PageFault): PageFault {
  return new PageFault(kind, message, { retryable: false, retryAfterMs, cause });
}

function outOfTime(cause?: unknown): PageFault {
  const seconds = pageTimeMs / 1000;
  return new PageFault(
    'timeout',
    `The page was not read within ${seconds} s, all attempts included. Try again later, or use another page.`,
    { cause },
  );
}
