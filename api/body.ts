// What a request body may be before anybody looks inside: at most 1 MiB, JSON, not absurdly deep.
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ApiEnv } from './deps.ts';
import { ApiError } from './errors.ts';

export const maxBodyBytes = 1024 * 1024;
/** Deeper ones would exhaust the stack of whoever walks them. */
const maxDepth = 100;

export const limitBodyTo = (maxSize: number): MiddlewareHandler<ApiEnv> =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new ApiError(413, 'body_too_large', `The body is larger than ${maxSize} bytes.`, {
        // What is left of the body is not read, so the connection cannot serve another request.
        headers: { Connection: 'close' },
      });
    },
  });

export const limitBody = limitBodyTo(maxBodyBytes);

/** Refuses JSON that is nested too deep, before any parser's or schema's recursion meets it. */
export const limitDepth: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (c.req.raw.body && isTooDeep(await c.req.text())) throw new ApiError(400, 'invalid_json', tooDeep);
  await next();
};

export const isTooDeep = (json: string): boolean => depthOf(json) > maxDepth;
export const tooDeep = `The body is nested deeper than ${maxDepth} levels.`;

/** No body is no JSON, whatever a client that always names a type says of it. */
export const noEmptyBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if ((await c.req.text()) === '') c.req.raw.headers.delete('content-type');
  await next();
};

/** The deepest nesting of brackets outside of strings; the text need not be valid JSON. */
export function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (quoted) {
      if (char === '\\') i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return deepest;
}
