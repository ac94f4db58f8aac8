// What clients of OpenAI's protocol send. What is not named here is ignored.
import { z } from '@hono/zod-openapi';
import { limits } from '../../runs/limits-request.ts';
import { message } from './content.ts';
import { badRequest } from './refusal.ts';

const model = z.string().openapi({ description: "An agent's name: GET /v1/models lists them." });
const stream = z.boolean().nullish();
const tools = z.array(z.unknown()).nullish().openapi({ description: 'Must be empty: an agent has its own tools.' });
const user = z.string().max(200).nullish().openapi({ description: 'Becomes the user_id of the run.' });

/** As OpenAI has it, and as much as a run can keep. */
const metadata = z
  .record(z.string(), z.string())
  .refine((given) => Buffer.byteLength(JSON.stringify(given)) <= 2048, { message: 'May have 2,048 bytes as JSON.' })
  .nullish();

/** Nobody is there whom a run that waits for more could ask: at a limit it fails, unless it is to wait all the same. */
const bounds = limits
  .extend({ on_breach: limits.shape.on_breach.unwrap().default('fail') })
  .optional()
  .openapi('OpenAILimits', {
    description: 'Not of OpenAI: what the run may spend, docs/limits.md. At a limit it fails.',
  });

const format = z.object({ type: z.string() });
const schema = z.record(z.string(), z.unknown());

export const completionRequest = z
  .object({
    model,
    messages: z.array(message).min(1),
    stream,
    stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
    n: z.number().nullish().openapi({ description: 'Must be 1.' }),
    tools,
    functions: tools,
    response_format: format.extend({ json_schema: z.object({ schema: schema.optional() }).optional() }).nullish(),
    metadata,
    user,
    limits: bounds,
  })
  .openapi('ChatCompletionRequest');
export type CompletionRequest = z.infer<typeof completionRequest>;

export const responseRequest = z
  .object({
    model,
    input: z.union([z.string(), z.array(message).min(1)]),
    instructions: z.string().nullish().openapi({ description: "Come after the agent's own." }),
    stream,
    background: z.boolean().nullish(),
    previous_response_id: z.string().nullish(),
    conversation: z
      .union([z.string(), z.object({ id: z.string() })])
      .nullish()
      .openapi({ description: 'A session_id.' }),
    tools,
    text: z.object({ format: format.extend({ schema: schema.optional() }).nullish() }).nullish(),
    metadata,
    user,
    limits: bounds,
  })
  .openapi('ResponseRequest');
export type ResponseRequest = z.infer<typeof responseRequest>;

/** Throws ApiError 400, which names the first thing that is wrong: what these clients expect. */
export function parse<T extends z.ZodType>(shape: T, given: unknown, param: string | null = null): z.infer<T> {
  const parsed = shape.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.map(String).join('.') || param;
  throw badRequest(at, `${at ?? 'The body'}: ${issue?.message ?? 'is not what is expected'}`);
}
