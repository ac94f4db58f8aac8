// The JSON of forks, restores, dry runs and trees, as the API answers it.
import { z } from '@hono/zod-openapi';
import { effects } from '../../activities/effects.ts';
import { spent, timeline } from './shape.ts';
import { statuses } from './status.ts';

const stepRef = z
  .object({
    step: z.string(),
    name: z.string(),
    activity: z.string().nullable().openapi({ description: 'Null for a wait for a person.' }),
    step_num: z.number().nullable().openapi({ description: 'In the source; null when it has not completed there.' }),
  })
  .openapi('StepRef');

export const stepAgain = stepRef
  .extend({
    side_effect: z.enum(effects),
    usage: spent.optional().openapi({ description: 'What it had cost in the source.' }),
  })
  .openapi('StepAgain');
export type StepAgain = z.infer<typeof stepAgain>;
export type StepRef = z.infer<typeof stepRef>;

const dryRun = z
  .object({
    fits: z.boolean().openapi({ description: "Whether today's code takes the recorded way up to the checkpoint." }),
    reason: z.string().optional().openapi({ description: 'Why not.' }),
    checkpoint_id: z.string().openapi({ description: 'Where the fork would start: of an edit, the edited step.' }),
    steps_reused: z.array(stepRef),
    steps_again: z.array(stepAgain).openapi({
      description: 'In flight at the checkpoint, or taken by the source after it. Other input may lead another way.',
    }),
    side_effects: z.array(stepAgain).openapi({ description: 'Those of steps_again that change something outside.' }),
    children_again: z.array(z.object({ run_id: z.string(), workflow: z.string() })).openapi({
      description:
        "The source's children that were open at the checkpoint, which go on from there, or were begun after it.",
    }),
    source_ended: z
      .boolean()
      .openapi({ description: 'False: the source goes on, and its next steps are not in the lists yet.' }),
    estimate: z
      .object({
        input_tokens: z.number(),
        output_tokens: z.number(),
        cost_usd: z.number().nullable().openapi({ description: 'US$; null when a model has no known price.' }),
        estimated: z.boolean(),
      })
      .openapi({ description: 'What steps_again cost the source.' }),
  })
  .openapi('DryRun');
export type DryRun = z.infer<typeof dryRun>;

const forked = z
  .object({
    new_run_id: z.string(),
    checkpoint_id: z.string().openapi({ description: "The new run's own first one: where it starts from." }),
    message: z.literal('Forked successfully'),
  })
  .openapi('Forked');

export const forkAnswer = z.union([forked, dryRun]);

export const restored = z
  .object({
    new_run_id: z.string(),
    run_id: z.string(),
    checkpoint_id: z.string(),
    message: z.literal('Restored successfully'),
  })
  .openapi('Restored');

export const named = z
  .object({
    id: z.string(),
    run_id: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    created_at: z.iso.datetime(),
  })
  .openapi('NamedCheckpoint');
export type Named = z.infer<typeof named>;

const branch = z
  .object({
    run_id: z.string(),
    workflow: z.string(),
    status: z.enum(statuses),
    forked_from: z.string().nullable().openapi({ description: 'Null for the root.' }),
    checkpoint_id: z.string().nullable(),
    description: z.string().nullable(),
    created_at: z.iso.datetime(),
    completed_at: z.iso.datetime().nullable(),
    timelines: z.array(timeline).nullable().openapi({ description: 'How often it was restored or continued.' }),
    usage: spent.extend({ waste: spent }).nullable().openapi({ description: 'Null, as timelines, for a long run.' }),
  })
  .openapi('Branch');
export type Branch = z.infer<typeof branch>;

export const tree = z
  .object({
    root: z.string().openapi({ description: 'The run that all of them come from; it may be deleted.' }),
    total: z.number(),
    truncated: z.boolean().openapi({ description: 'There are more runs than are listed.' }),
    items: z.array(branch).openapi({ description: 'Oldest first.' }),
  })
  .openapi('Tree');
export type Tree = z.infer<typeof tree>;
