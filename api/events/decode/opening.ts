// Memo `fork`: what a timeline began with, as far as streams need it.
import { z } from 'zod';
import type { Opening } from '../../../activities/journal/batch.ts';
import { spent } from '../shape.ts';

export type OpeningSeen = Pick<Opening, 'kind' | 'source' | 'checkpoint' | 'account' | 'from'>;

export const account = z.object({ usage: spent, waste: spent });
export const kinds = z.enum(['fork', 'restore', 'continue', 'check']);

const opening: z.ZodType<OpeningSeen> = z.object({
  kind: kinds,
  source: z.object({ run: z.string(), timeline: z.string() }),
  checkpoint: z.object({ timeline: z.string(), event: z.number() }).optional(),
  account: account.optional(),
  from: z.string().optional(),
});

/**
 * A workflow that continues as new by its own hand hands its memo on: then the opening is not meant for what follows.
 * `continued`: Run Id of the timeline that did.
 */
export function openingOf(memo: unknown, continued: string | undefined): OpeningSeen | undefined {
  const seen = opening.safeParse(memo).data;
  return continued === undefined || seen?.from === continued ? seen : undefined;
}
