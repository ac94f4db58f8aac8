// Which form of an answer a client asks for.
import type { Context } from 'hono';
import { accepts } from 'hono/accepts';

/** True for `Accept: text/event-stream`, as EventSource sends it. */
export const wantsStream = (c: Context): boolean =>
  accepts(c, { header: 'Accept', supports: ['application/json', 'text/event-stream'], default: 'application/json' }) ===
  'text/event-stream';

/** True for a browser that opens a page. */
export const wantsPage = (c: Context): boolean =>
  accepts(c, { header: 'Accept', supports: ['application/json', 'text/html'], default: 'application/json' }) ===
  'text/html';
