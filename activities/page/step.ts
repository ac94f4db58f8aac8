// The page step: the fetcher, bound to the attempt that it runs in.
import { currentAttempt } from '../attempt.ts';
import { type PageFetcher, pageTimeMs } from './fetcher.ts';
import type { Page, PageRequest } from './page.ts';

/** The deadline is the first attempt's: a page that is tried again has no more time than one that is not. */
export const createFetchPage =
  (pages: PageFetcher) =>
  (request: PageRequest): Promise<Page> => {
    const { signal, record } = currentAttempt();
    return pages.fetchPage(request, { signal, deadline: record.first_started_at + pageTimeMs });
  };
