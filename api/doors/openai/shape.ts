// What this door answers, as the OpenAPI document tells it: the fields that are not null for ever.
import { z } from '@hono/zod-openapi';
import { json } from '../../answers.ts';

const error = z
  .object({
    error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }),
    type: z.string(),
    detail: z.string(),
    request_id: z.string(),
  })
  .openapi('OpenAIError');

export const failure = (description: string) => json(description, error);

export const model = z
  .object({ id: z.string(), object: z.literal('model'), created: z.number(), owned_by: z.string() })
  .openapi('Model');

export const modelList = z.object({ object: z.literal('list'), data: z.array(model) }).openapi('ModelList');

export const completion = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.number(),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.literal(0),
        message: z.object({ role: z.literal('assistant'), content: z.string() }),
        finish_reason: z.enum(['stop', 'length']),
      }),
    ),
    usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number(), total_tokens: z.number() }),
  })
  .openapi('ChatCompletion');

const item = z.object({
  id: z.string(),
  type: z.literal('message'),
  role: z.string(),
  status: z.string(),
  content: z.array(z.object({ type: z.string(), text: z.string() })),
});

export const response = z
  .object({
    id: z.string(),
    object: z.literal('response'),
    created_at: z.number(),
    status: z.enum(['queued', 'in_progress', 'completed', 'failed', 'cancelled', 'incomplete']),
    background: z.boolean(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    incomplete_details: z.object({ reason: z.string() }).nullable(),
    instructions: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    model: z.string(),
    output: z.array(item),
    previous_response_id: z.string().nullable(),
    conversation: z.object({ id: z.string() }).nullable(),
    usage: z.object({ input_tokens: z.number(), output_tokens: z.number(), total_tokens: z.number() }).nullable(),
  })
  .openapi('Response');

export const itemList = z
  .object({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .openapi('ItemList');

export const deleted = z
  .object({ id: z.string(), object: z.literal('response'), deleted: z.literal(true) })
  .openapi('DeletedResponse');
