// Stands before every route: who asks must be known, and its role must allow what is asked for. Whose things it may know of
// is another matter: narrow.ts.
import type { MiddlewareHandler } from 'hono';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { asking, everyone, type Known, request } from './caller.ts';
import { isOpen } from './open.ts';
import { inRequest } from './stream.ts';
import { tokenOf } from './token.ts';

/** Before all that may write to the log. */
export const beginRequest: MiddlewareHandler<ApiEnv> = (c, next) =>
  asking({ request_id: c.get('requestId'), found: new Set() }, next);

export const authenticate =
  ({ auth }: Pick<ApiDeps, 'auth'>): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    if (!auth) return next();
    const now = request();
    if (!now) throw new Error('A request must have begun.');
    const { method, path } = c.req;
    if (isOpen(method, path)) {
      now.caller = everyone;
      return next();
    }
    const token = tokenOf(c);
    const known = token ? await auth.identify(token) : undefined;
    if (!known) throw invalidToken(token);
    requireRole(known, method, path);
    now.caller = { kind: 'known', ...known };
    await next();
    // What a stream still reads, it reads for whom it was opened.
    if (c.res.body && c.res.headers.get('content-type')?.startsWith('text/event-stream'))
      c.res = new Response(inRequest(now, c.res.body), c.res);
  };

/** One answer for all that proves nothing. https://www.rfc-editor.org/rfc/rfc6750#section-3 */
const invalidToken = (token: string | undefined): ApiError =>
  new ApiError(401, 'invalid_token', 'Invalid token', {
    headers: { 'WWW-Authenticate': `Bearer realm="waymark"${token === undefined ? '' : ', error="invalid_token"'}` },
  });

const reads = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Throws ApiError 403. */
function requireRole({ role }: Known, method: string, path: string): void {
  if (role === 'viewer' && !reads.has(method)) throw forbidden('A viewer reads, and changes nothing.');
  if (role !== 'admin' && path.startsWith('/api/admin/')) throw forbidden('Only an admin may do this.');
  // Figures of the whole service.
  if (role === 'user' && path === '/metrics') throw forbidden('Only viewers and admins read the figures of all.');
}

export const forbidden = (why: string): ApiError => new ApiError(403, 'forbidden', why);
