// What a client may say about limits: when it starts a run, and while the run is under way.
import { z } from '@hono/zod-openapi';
import { longestDeadline } from '../../workflows/runtime/limits.ts';

const fields = {
  max_steps: z.int().positive().openapi({ description: 'Completed steps, those of its children included.' }),
  max_tokens: z.int().positive().openapi({
    description: 'Tokens of input and output, those spent in vain and those of its children included.',
  }),
  max_cost_usd: z.number().positive().openapi({
    description: 'US$. A model without a known price is taken for one that has used it up.',
  }),
  deadline_s: z.number().positive().max(longestDeadline).openapi({
    description: 'Seconds from the moment in which a worker takes the run up.',
  }),
};

const on_breach = z.enum(['pause', 'fail']).openapi({
  description:
    'pause: at a limit the run waits and asks for more. fail: it fails with `LimitExceeded`; at a deadline what is in flight is aborted.',
});

const { max_steps, max_tokens, max_cost_usd, deadline_s } = fields;

/** Strict: a limit that is misspelt would be none. */
export const limits = z
  .strictObject({
    max_steps: max_steps.optional(),
    max_tokens: max_tokens.optional(),
    max_cost_usd: max_cost_usd.optional(),
    deadline_s: deadline_s.optional(),
    on_breach: on_breach.default('pause'),
  })
  .openapi('Limits');

export const limitsChange = z
  .strictObject({
    max_steps: max_steps.nullable().optional(),
    max_tokens: max_tokens.nullable().optional(),
    max_cost_usd: max_cost_usd.nullable().optional(),
    deadline_s: deadline_s.nullable().optional(),
    on_breach: on_breach.optional(),
  })
  .openapi('LimitsChange', { description: 'What is left out stays; null takes a limit away.' });
export type LimitsChange = z.infer<typeof limitsChange>;
