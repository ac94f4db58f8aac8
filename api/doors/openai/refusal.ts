// Errors as clients of OpenAI's protocol read them: an object `error` beside what all of ours have.
import type { MiddlewareHandler } from 'hono';
import type { Api, ApiEnv } from '../../deps.ts';
import { ApiError, type ErrorStatus } from '../../errors.ts';

export function guardOpenAI(app: Api): void {
  app.use('/v1/*', sayError);
}

const sayError: MiddlewareHandler<ApiEnv> = async (c, next) => {
  c.set('inErrors', ({ status, type, message, more }) => ({
    error: { message, type: kindOf(status), param: more['param'] ?? null, code: type },
  }));
  await next();
};

/** `type` of OpenAI's errors. Ours, which says more, is their `code`. */
export const kindOf = (status: ErrorStatus): string => (status < 500 ? 'invalid_request_error' : 'server_error');

/** 400, which the clients know as what cannot be asked so; `param` names what. */
export const badRequest = (param: string | null, message: string, type = 'invalid_request'): ApiError =>
  new ApiError(400, type, message, { more: { param } });

export const modelNotFound = (model: string): ApiError =>
  new ApiError(
    404,
    'model_not_found',
    `There is no agent '${model}'. Here models are agents: GET /v1/models lists them.`,
    { more: { param: 'model' } },
  );

export const responseNotFound = (id: string, param: string): ApiError =>
  new ApiError(404, 'response_not_found', `Response '${id}' not found`, { more: { param } });

/** Asked again, the run would be paid again: the clients are told not to by themselves. */
export const onceOnly = { 'x-should-retry': 'false' };
