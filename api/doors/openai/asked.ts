// What a run was asked, as its input and its metadata have it, checked: one that was started by other means may have anything.
import { z } from '@hono/zod-openapi';
import type { RunAnswer } from '../../runs/shape.ts';

const door = z.object({ background: z.boolean().optional(), previous_response_id: z.string().optional() });

/** What the door keeps of a request among its run's metadata. */
export const doorOf = ({ metadata }: Pick<RunAnswer, 'metadata'>): z.infer<typeof door> =>
  door.safeParse(metadata['openai']).data ?? {};

const said = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });

const input = z.object({
  agent: z.object({
    name: z.string(),
    output_schema: z.record(z.string(), z.unknown()).nullable().default(null),
    config: z.object({ temperature: z.number().nullable().default(null) }).prefault({}),
  }),
  messages: z.array(said),
  openai: z
    .object({ instructions: z.string().nullable(), carried: z.number().optional() })
    .prefault({ instructions: null }),
});
export type RunInput = z.infer<typeof input>;

export const inputOf = (run: Pick<RunAnswer, 'input'>): RunInput =>
  input.safeParse(run.input).data ?? input.parse({ agent: { name: '' }, messages: [] });
