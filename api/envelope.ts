// The one shape of an error answer, for whatever was thrown: {type, detail, request_id, …}.
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ZodError } from 'zod';
import { WorkflowNotFoundError } from '@temporalio/client';
import { explain } from './deadline.ts';
import type { ApiDeps, ApiEnv } from './deps.ts';
import { ApiError, type WrongField } from './errors.ts';

/** Answers an error and logs it when it is ours. Never shows a client what it does not need. */
export function answerError({ log, config }: Pick<ApiDeps, 'log' | 'config'>) {
  return (thrown: unknown, c: Context<ApiEnv>): Response => {
    const error = toApiError(thrown, config.showFaults);
    const request_id = c.get('requestId');
    if (error.status >= 500) log.error({ request_id, err: error.cause ?? thrown, type: error.type }, error.message);
    const body = { ...c.get('inErrors')?.(error), ...error.more, type: error.type, detail: error.detail, request_id };
    const status: ContentfulStatusCode = error.status;
    return c.json(body, status, error.headers);
  };
}

/** What a client is told of whatever was thrown. */
export function toApiError(thrown: unknown, showFaults: boolean): ApiError {
  const error = explain(thrown);
  if (error instanceof ApiError) return error;
  if (error instanceof HTTPException) return ofHono(error);
  if (error instanceof WorkflowNotFoundError) return new ApiError(404, 'not_found', 'Not found', { cause: error });
  return new ApiError(500, 'internal', showFaults ? String(error) : 'An error occurred', {
    more: { error: 'Internal server error' },
    cause: error,
  });
}

/** What Hono and its validators throw themselves. */
function ofHono(error: HTTPException): ApiError {
  if (error.status === 415) {
    return new ApiError(415, 'unsupported_media_type', 'Send the body as JSON, with Content-Type: application/json.');
  }
  return new ApiError(400, 'invalid_json', 'The body is not JSON.', { cause: error });
}

export const noSuchRoute = (path: string): ApiError =>
  new ApiError(404, 'not_found', `Nothing is served at ${path}. /docs lists every route.`);

/** Where the fields of a validation target stand, as clients are told. */
const places: Record<string, string> = { json: 'body', param: 'path' };

export function ofZod(error: ZodError, target: string): WrongField[] {
  const place = places[target] ?? target;
  return error.issues.map(({ path, message, code }) => ({
    loc: [place, ...path.map((key) => (typeof key === 'symbol' ? String(key) : key))],
    msg: message,
    type: code ?? 'invalid',
  }));
}
