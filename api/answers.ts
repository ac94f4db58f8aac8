// How routes describe their answers in the OpenAPI document.
import { z } from '@hono/zod-openapi';
import type { ErrorStatus } from './errors.ts';

const field = z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string(), type: z.string() });

const error = z
  .object({
    type: z.string().openapi({ description: 'Stable: programs may rely on it.' }),
    detail: z
      .union([z.string(), z.array(field)])
      .openapi({ description: 'What happened and what to do; per field for 422.' }),
    request_id: z.string().openapi({ description: 'The same as in X-Request-Id and in the log.' }),
  })
  .openapi('Error');

const meanings: Record<ErrorStatus, string> = {
  400: 'Malformed, or not possible in this state',
  401: 'No valid token',
  403: 'Not from this page, or not with this role',
  404: 'Not found',
  405: 'Wrong method: Allow lists the right ones',
  408: 'Not done in the time asked for',
  409: 'In conflict with what there is',
  410: 'No longer there',
  413: 'Body over 1 MiB',
  415: 'Body not sent as JSON',
  422: 'A field is wrong: detail names it',
  426: 'Only as a WebSocket',
  429: 'Too often: Retry-After says when to try again',
  500: 'Our fault',
  502: 'The model failed, or gave nothing usable',
  503: 'Temporal does not answer: Retry-After says when to try again',
};

export const content = <T extends z.ZodType>(schema: T): { 'application/json': { schema: T } } => ({
  'application/json': { schema },
});

export const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: content(schema),
});

/** The answer of a route that goes wrong in this way. */
export const failure = (status: ErrorStatus) => json(meanings[status], error);
