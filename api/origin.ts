// Keeps other people's web pages from starting or steering runs through their visitors' browsers.
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from './deps.ts';
import { ApiError } from './errors.ts';

const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A request that changes something, or opens a WebSocket, and says that it comes from a page, must come from our own
 * pages or from `origins`. Programs send no Origin. https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Origin
 */
export const guardOrigin =
  (origins: readonly string[]): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const origin = c.req.header('origin');
    const changes = !safe.has(c.req.method) || c.req.header('upgrade') !== undefined;
    if (origin !== undefined && changes && !origins.includes(origin) && !isOwn(origin, c.req.url)) {
      throw new ApiError(
        403,
        'origin_not_allowed',
        'Pages of this origin may not do this. CORS_ORIGINS lists those that may.',
      );
    }
    await next();
  };

function isOwn(origin: string, url: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(url).host;
}
