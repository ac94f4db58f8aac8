// What a client sends to fork, to restore and to name a point of a run.
import { z } from '@hono/zod-openapi';
import { said } from '../../workflows/prompt.ts';
import { isText, maxKeyword } from './keyword.ts';

/** A record would leave it out without a word. No step has that name. */
function withoutProto(steps: unknown, context: z.RefinementCtx): unknown {
  if (typeof steps === 'object' && steps !== null && Object.hasOwn(steps, '__proto__'))
    context.addIssue({ code: 'custom', path: ['__proto__'], message: 'The run had completed no such step.' });
  return steps;
}

export const modifications = z
  .strictObject({
    system_prompt: z
      .string()
      .optional()
      .openapi({ description: 'Instead of the system prompt of the answering step.' }),
    model: z.string().min(1).optional().openapi({ description: 'Instead of the model of all its steps.' }),
    modified_query: z
      .string()
      .optional()
      .openapi({ description: 'Instead of the last message of the user; what followed it is dropped.' }),
    modified_messages: z
      .array(said)
      .optional()
      .openapi({ description: 'Instead of all messages. Wins over modified_query.' }),
    input: z.unknown().optional().openapi({
      description: "A merge patch (RFC 7396) of the workflow's input. The other modifications come after it.",
    }),
    steps: z
      .preprocess(withoutProto, z.record(z.string(), z.unknown()))
      .optional()
      .openapi({
        description:
          'Other results of steps before the checkpoint, by step_num, step or name. The fork goes on right after the ' +
          'last of them.',
      }),
  })
  .openapi('Modifications');

export type Changes = z.infer<typeof modifications>;

/** As long as a memo may be read with every row of a list. */
const description = z
  .string()
  .max(500)
  .refine(isText, { message: 'Must be well-formed text without NUL.' })
  .optional()
  .openapi({ description: 'What it is for.' });

export const forkBody = z
  .object({
    modifications: modifications.optional(),
    description,
    dry_run: z.boolean().optional().openapi({
      description:
        'Forks nothing: tells whether it would fit, what would be done again, and what that has cost before.',
    }),
  })
  .openapi('Fork');

export const restoreBody = z
  .object({
    create_new_run: z.boolean().optional().openapi({
      default: true,
      description: 'True: a fork. False: the run itself goes on from there.',
    }),
    force: z.boolean().optional().openapi({ description: 'Also while the run is active: its steps are aborted.' }),
    modifications: modifications.optional(),
    description,
  })
  .openapi('Restore');

export const nameBody = z
  .object({
    description: z.string().max(500).refine(isText, { message: 'Must be well-formed text without NUL.' }),
    tags: z
      .array(z.string().min(1).max(maxKeyword).refine(isText, { message: 'Must be well-formed text without NUL.' }))
      .max(100)
      .optional(),
  })
  .openapi('NameCheckpoint');

export type ForkRequest = z.infer<typeof forkBody>;
export type RestoreRequest = z.infer<typeof restoreBody>;
