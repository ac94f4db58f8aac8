// Where a request carries its token.
import type { Context } from 'hono';
import type { ApiEnv } from '../deps.ts';
import { wantsStream } from '../media.ts';

/** Undefined: it has none. In the address only where a browser can set no header: EventSource and WebSocket. */
export function tokenOf(c: Context<ApiEnv>): string | undefined {
  const authorization = c.req.header('authorization');
  // https://www.rfc-editor.org/rfc/rfc6750#section-2.1
  if (authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
  return c.req.header('x-api-key') ?? (isStream(c) ? c.req.query('access_token') : undefined);
}

/** Doors that give nothing but a stream need not be asked for one. */
const streams = /^\/message\/[^/]+$|^\/api\/runs\/[^/]+\/events$/;

const isStream = (c: Context<ApiEnv>): boolean =>
  c.req.method === 'GET' &&
  (wantsStream(c) || c.req.header('upgrade')?.toLowerCase() === 'websocket' || streams.test(c.req.path));
