// From bytes to a page's text, on a thread of its own: 5 MB of HTML take seconds, and heartbeats cannot wait.
import { Piscina } from 'piscina';
import { PageFault } from './fault.ts';
import type { ReadingTask, ThreadReading } from './thread.ts';

export interface PageText {
  title: string;
  text: string;
}

/** Threads start with the first page and end when idle, or with `close`. */
export interface PageReader {
  /**
   * @param charset what the Content-Type header said
   * @param signal ends the thread that reads it; whatever is then thrown is of no interest
   * @throws PageFault
   */
  read(bytes: Buffer, charset: string | undefined, signal: AbortSignal): Promise<PageText>;
  close(): Promise<void>;
}

const idleMs = 10_000;
/** Far over what 5 MB of honest HTML take (about 2 s). */
const limitMs = 8_000;
/** Per thread. 5 MB of dense HTML take about 0.5 GB while they are read. */
const heapMb = 1_024;

export function createPageReader({ threads = 1 }: { threads?: number } = {}): PageReader {
  const pool = new Piscina<ReadingTask, ThreadReading>({
    filename: new URL('./thread.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: idleMs,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
    recordTiming: false,
  });
  return {
    async read(bytes, charset, signal) {
      const reading = await pool.run({ bytes, charset, limitMs }, { signal }).catch(asReading);
      switch (reading.kind) {
        case 'text':
          return { title: reading.title, text: reading.text };
        case 'no_body':
          throw new PageFault(
            'no_body',
            'The page has no <body> tag, so there is no page text. Use the address of an HTML page.',
          );
        case 'too_large':
          throw new PageFault('too_large', `The page is too large to be read: ${reading.why}. Use a simpler page.`);
        case 'too_slow':
          throw new PageFault(
            'too_large',
            `The page took more than ${limitMs / 1000} s to take apart. Use a simpler page.`,
          );
        case 'unknown_charset':
          throw new PageFault(
            'not_html',
            'The page is in a character encoding that no browser reads. Use another page.',
          );
      }
    },
    close: () => pool.close({ force: true }),
  };
}

function asReading(error: unknown): ThreadReading {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { kind: 'too_large', why: 'it takes too much memory' };
  }
  throw error;
}
