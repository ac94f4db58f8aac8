// Recognises our own values in histories: a run begun by anyone may carry anything under the same names.
import { z } from 'zod';
import type { Partial, SpentReport } from '../../activities/attempt.ts';
import type { Spent } from '../../activities/spent.ts';
import type { Answer, CheckpointName, RunState, WaitingFor } from '../../workflows/runtime/messages.ts';

export const spent: z.ZodType<Spent> = z.object({
  input_tokens: z.number(),
  output_tokens: z.number(),
  cost_usd: z.number().nullable(),
  estimated: z.boolean(),
});

/** What a completed step cost, whatever else it returned. */
const paid = z.object({ usage: spent, wasted: spent });
const reply = z.object({ text: z.string(), finish: z.enum(['complete', 'incomplete']), usage: spent });
const partial: z.ZodType<Partial> = z.object({
  kind: z.literal('partial'),
  text: z.string(),
  spent,
  response_id: z.string().optional(),
  sequence: z.number().optional(),
});
const record = z.object({ kind: z.literal('attempt'), spent });
const report: z.ZodType<SpentReport> = z.object({
  step: z.string(),
  round: z.number(),
  attempt: z.number(),
  spent,
  error: z.string(),
});
export const waiting: z.ZodType<WaitingFor[]> = z.array(
  z.object({
    waiting_id: z.string(),
    name: z.string(),
    kind: z.enum(['question', 'approval', 'budget']),
    question: z.string(),
    tool: z.string().optional(),
    tool_call_id: z.string().optional(),
    args: z.unknown().optional(),
    on_timeout: z.enum(['reject', 'approve', 'fail']).optional(),
    since: z.string(),
  }),
);
const answer = z.object({ waiting_id: z.string(), value: z.unknown() });
type Name = Pick<CheckpointName, 'description' | 'tags'>;
/** By the CLI, tags are easily forgotten. */
const name: z.ZodType<Name> = z.object({ description: z.string(), tags: z.array(z.string()).default([]) });
const state: z.ZodType<RunState> = z.enum(['running', 'stopping', 'paused', 'waiting', 'cancelling']);

/** Most values are none of ours, and saying in detail why not would cost more than all the rest. */
const as =
  <T>(shape: z.ZodType<T>, key: string) =>
  (value: unknown): T | undefined =>
    typeof value === 'object' && value !== null && key in value ? shape.safeParse(value).data : undefined;

export const asPaid = as(paid, 'wasted');
export const asReply = as(reply, 'finish');
export const asPartial = as(partial, 'spent');
export const asRecord = as(record, 'spent');
export const asReport = as(report, 'spent');
export const asWaiting = as(waiting, 'length');
export const asAnswer: (value: unknown) => Answer | undefined = as(answer, 'waiting_id');
export const asName: (value: unknown) => Name | undefined = as(name, 'description');
export const asRunState = (value: unknown): RunState | undefined => state.safeParse(value).data;
