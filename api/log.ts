// One line in the log for every request: what was asked, how it was answered, how long it took. Never a body.
import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { ApiEnv } from './deps.ts';

export const logRequests =
  (log: Logger): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const since = performance.now();
    await next();
    // Without the query: it may hold a token.
    const { method, path } = c.req;
    const ms = Math.round(performance.now() - since);
    log.info({ request_id: c.get('requestId'), method, path, status: c.res.status, ms }, 'request');
    c.header('X-Content-Type-Options', 'nosniff');
  };
