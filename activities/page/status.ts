// What a final status outside 2xx means.
import type { Dispatcher } from 'undici';
import { PageFault } from './fault.ts';

/** https://www.rfc-editor.org/rfc/rfc9110#section-15 */
export function statusFault(host: string, { statusCode, headers }: Dispatcher.ResponseData): PageFault {
  if (statusCode === 404 || statusCode === 410) {
    return new PageFault('not_found', `${host} has no such page (${statusCode}). Check the URL.`);
  }
  if (statusCode === 401 || statusCode === 403) {
    return new PageFault('status', `${host} does not show this page to everyone (${statusCode}). Use a public page.`);
  }
  const retryable = statusCode === 408 || statusCode === 429 || statusCode >= 500;
  const advice = retryable ? 'Try again later.' : 'Open it in a browser to see what it is about.';
  const retryAfterMs = retryable ? retryAfter(headers['retry-after'], Date.now()) : undefined;
  return new PageFault('status', `${host} answered ${statusCode} instead of a page. ${advice}`, {
    retryable,
    retryAfterMs,
  });
}

/** In ms from `now`; seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
function retryAfter(value: string | string[] | undefined, now: number): number | undefined {
  const text = [value].flat()[0]?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}
