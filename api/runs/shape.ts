// The JSON of runs, as the API answers it.
import { z } from '@hono/zod-openapi';
import { pageOf } from '../page.ts';
import { limits } from './limits-request.ts';
import { problemTypes } from './problem.ts';
import { statuses } from './status.ts';

const time = z.iso.datetime().openapi({ description: 'ISO-8601, UTC.' });

export const fault = z.object({ type: z.string(), message: z.string() }).openapi('Fault');

export const spent = z
  .object({
    input_tokens: z.number(),
    output_tokens: z.number(),
    cost_usd: z.number().nullable().openapi({ description: 'US$; null when a model of it has no known price.' }),
    estimated: z.boolean().openapi({ description: 'The provider did not tell all of it; the rest was estimated.' }),
  })
  .openapi('Spent');

export const metrics = z
  .object({
    total_tokens: z.number(),
    prompt_tokens: z.number(),
    completion_tokens: z.number(),
    duration: z.number().openapi({ description: 'Seconds.' }),
    steps_count: z.number(),
    tool_calls_count: z.number(),
    termination_reason: z
      .string()
      .optional()
      .openapi({ description: '`answered` or `max_steps`, of a completed agent.' }),
  })
  .openapi('Metrics');

const problem = z
  .object({ type: z.enum(problemTypes), since: time, what_to_do: z.string() })
  .openapi('Problem', { description: 'Why the run cannot proceed though it is open.' });

const waiting = z
  .object({
    waiting_id: z.string(),
    name: z.string(),
    kind: z.enum(['question', 'approval', 'budget']),
    question: z.string(),
    tool: z.string().optional(),
    tool_call_id: z.string().optional(),
    args: z.unknown().optional(),
    on_timeout: z.enum(['reject', 'approve', 'fail']).optional().openapi({
      description: 'What becomes of the call when nobody answers in time. Absent: it waits.',
    }),
    since: time,
  })
  .openapi('WaitingFor');

const step = z
  .object({
    step: z.string(),
    round: z.number(),
    kind: z.enum(['activity', 'wait']),
    name: z.string(),
    activity: z.string().nullable(),
    timeline: z.number(),
    status: z.enum(['scheduled', 'completed', 'failed', 'cancelled', 'aborted', 'timed_out']),
    step_num: z.number().nullable(),
    checkpoint: z
      .object({ timeline: z.string(), event: z.number(), within: z.string().optional() })
      .nullable()
      .openapi({
        description:
          'Temporal Run Id and history event that completed it; of a wait, that answered it. `within`: the timeline that ' +
          'has it so, with results that somebody edited.',
      }),
    attempt: z.number().nullable(),
    inherited: z
      .literal(true)
      .optional()
      .openapi({ description: 'Taken and paid for by the run that this one was forked from.' }),
    started_at: time,
    completed_at: time.nullable(),
    input: z.unknown().optional(),
    input_bytes: z.number().optional(),
    result: z.unknown().optional(),
    result_bytes: z.number().optional(),
    partial: z.string().optional(),
    error: fault.optional(),
    usage: spent.optional(),
    problem: z.string().optional(),
  })
  .openapi('Step');

const child = z
  .object({
    run_id: z.string(),
    workflow: z.string(),
    inherited: z
      .literal(true)
      .optional()
      .openapi({ description: 'It belongs to the run that this one was forked from.' }),
    status: z.enum(['running', 'completed', 'failed', 'cancelled']),
    started_at: time,
    completed_at: time.nullable(),
  })
  .openapi('Child');

export const timeline = z
  .object({
    timeline: z.string(),
    ordinal: z.number(),
    opening: z.enum(['started', 'continued', 'rewound']),
    started_at: time.nullable(),
  })
  .openapi('Timeline');

const lineage = z
  .object({
    forked_from: z.string().nullable().openapi({ description: 'The run that it was forked from.' }),
    checkpoint_id: z.string().nullable().openapi({ description: 'Where, as a checkpoint of that run.' }),
    root: z.string().openapi({ description: 'The run that all of the family comes from.' }),
    description: z.string().nullable().openapi({ description: 'What the fork is for.' }),
  })
  .openapi('Lineage');

const brief = {
  id: z.string(),
  workflow: z.string(),
  agent_id: z.string().nullable(),
  user_id: z.string().nullable(),
  session_id: z.string().nullable(),
  owner: z
    .string()
    .nullable()
    .openapi({ description: "Whose it is: a key's name or a JWT's sub; null: auth was off." }),
  status: z.enum(statuses),
  problem: problem.nullable(),
  stopping: z.boolean().openapi({ description: 'A pause or a cancel waits for steps in flight.' }),
  waiting_for: z.array(waiting),
  input_query: z
    .string()
    .nullable()
    .openapi({ description: "The question's first line in lists, the whole question of one run." }),
  response_content: z
    .string()
    .nullable()
    .openapi({ description: "The answer's text; of a cancelled run, what was there." }),
  metrics: metrics.nullable(),
  tags: z.array(z.string()),
  created_at: time,
  completed_at: time.nullable(),
};

export const runRow = z.object(brief).openapi('RunRow');
export type RunRow = z.infer<typeof runRow>;

export const run = z
  .object({
    ...brief,
    started_at: time.nullable().openapi({ description: 'When its first step was due; null while queued.' }),
    input: z.unknown(),
    result: z.unknown(),
    error: fault.nullable(),
    steps: z.array(step),
    children: z.array(child),
    usage: spent.extend({
      waste: spent
        .extend({
          by: z.object({
            retries: spent.openapi({ description: 'Attempts that failed and told what they had spent.' }),
            aborts: spent.openapi({ description: 'Attempts that a pause or a cancel ended.' }),
            crashes: spent.openapi({ description: 'Attempts that were lost with their worker.' }),
            rewinds: spent.openapi({ description: 'What a rewind has thrown away.' }),
          }),
        })
        .openapi({ description: 'Spent in vain.' }),
      children: spent.nullable().openapi({
        description:
          'All that its children have spent, in vain or not, with their own. Null: too many, or one is gone.',
      }),
      inherited: spent.openapi({ description: 'What inherited steps have cost. No part of the rest.' }),
    }),
    limits: limits.nullable().openapi({ description: 'As they are now; null: none.' }),
    lineage,
    timelines: z.array(timeline),
    metadata: z.record(z.string(), z.unknown()),
    temporal_ui: z.string().nullable(),
  })
  .openapi('Run');
export type RunAnswer = z.infer<typeof run>;

export const runList = pageOf(runRow).openapi('RunList');

export const started = z
  .object({
    run_id: z.string(),
    workflow: z.string(),
    status: z.enum(statuses),
    url: z.string(),
    events_url: z.string(),
    temporal_ui: z.string().nullable(),
  })
  .openapi('StartedRun');

export const outcome = z
  .object({
    run_id: z.string(),
    status: z.enum(['completed', 'failed', 'cancelled']),
    result: z.unknown(),
    response: z.string().nullable(),
    error: fault.nullable(),
    metrics,
  })
  .openapi('Outcome');

export const limited = z
  .object({
    success: z.literal(true),
    run_id: z.string(),
    status: z.enum(statuses),
    message: z.string(),
    limits: limits.nullable().openapi({ description: 'The new ones; null: none.' }),
  })
  .openapi('Limited');

export const controlled = z
  .object({ success: z.literal(true), run_id: z.string(), status: z.enum(statuses), message: z.string() })
  .openapi('Controlled');
