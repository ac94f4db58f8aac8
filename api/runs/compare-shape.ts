// The JSON of two runs side by side, as the API answers it.
import { z } from '@hono/zod-openapi';
import { fault, metrics, spent } from './shape.ts';
import { statuses } from './status.ts';

const compared = z
  .object({
    id: z.string(),
    status: z.enum(statuses),
    response: z.string().nullable(),
    metrics: metrics.nullable(),
  })
  .openapi('ComparedRun');

const side = z
  .object({
    step: z.string(),
    name: z.string(),
    activity: z.string().nullable().openapi({ description: 'The tool; null for a wait for a person.' }),
    status: z.enum(['scheduled', 'completed', 'failed', 'cancelled', 'aborted', 'timed_out']),
    step_num: z.number().nullable(),
    input: z.unknown().optional().openapi({ description: 'Up to 32 KiB: what the model or the tool was asked.' }),
    result: z.unknown().optional().openapi({ description: 'Up to 32 KiB.' }),
    error: fault.optional(),
    usage: spent.optional(),
    started_at: z.iso.datetime(),
    duration: z.number().nullable().openapi({ description: 'Seconds; null while it is under way.' }),
  })
  .openapi('ComparedStep');
export type Side = z.infer<typeof side>;

export const comparison = z
  .object({
    a: compared,
    b: compared,
    common_steps: z.number().openapi({ description: 'How many first steps both have from the same history.' }),
    differences: z.object({
      response: z.boolean().openapi({ description: 'Whether they answered differently.' }),
      tokens: z.number().openapi({ description: 'How many more b has spent than a.' }),
      duration: z.number().openapi({ description: 'How many seconds longer b took than a.' }),
      steps: z
        .array(z.object({ a: side.nullable(), b: side.nullable() }))
        .openapi({ description: 'After the common ones, side by side; null where one has no more.' }),
    }),
  })
  .openapi('Comparison');
export type Comparison = z.infer<typeof comparison>;
