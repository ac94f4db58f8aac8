// From bytes to a page's text, on a thread of its own: heartbeats cannot wait while 5 MB are read.
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
  /** At once: pages that are being read fail. */
  close(): Promise<void>;
}

const idleMs = 10_000;

/** @param threads at most so many pages are read at the same time; the others wait */
export function createPageReader({ threads = 1 }: { threads?: number } = {}): PageReader {
  const pool = new Piscina<ReadingTask, ThreadReading>({
    filename: new URL('./thread.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: idleMs,
    recordTiming: false,
  });
  return {
    async read(bytes, charset, signal) {
      const reading = await pool.run({ bytes, charset }, { signal });
      switch (reading.kind) {
        case 'text':
          return { title: reading.title, text: reading.text };
        case 'no_body':
          throw new PageFault(
            'no_body',
            'The page has no <body> tag, so it has no page text. Use the address of an HTML page.',
          );
        case 'unknown_charset':
          throw new PageFault(
            'not_html',
            'The page is in a character encoding that no browser reads. Use another page.',
          );
      }
    },
    close: () => pool.destroy(),
  };
}
