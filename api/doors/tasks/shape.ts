// The JSON of tasks, for the OpenAPI document.
import { z } from '@hono/zod-openapi';
import { pageOf } from '../../page.ts';
import type { Metadata } from '../../../activities/functions/function.ts';
import { json } from '../../answers.ts';

export const createBody = z
  .object({
    desired_action: z.string().openapi({ description: 'What the task shall do, in plain words.' }),
    task_type: z
      .enum(['input', 'passthrough'])
      .openapi({ description: 'passthrough: it works on a data set, input1.' }),
  })
  .openapi('CreateTask');

export const created = z
  .object({ task_id: z.string(), task_name: z.string(), message: z.literal('Task Created!') })
  .openapi('CreatedTask');

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const frame = z
  .object({ columns: z.array(z.string()), values: z.array(z.array(cell)) })
  .openapi('Frame', { description: 'Values column by column. Dates are ISO text, a missing value is null.' });

export const runBody = z
  .object({
    inputs: z.record(z.string(), z.unknown()).openapi({ description: 'By name, as user_inputs of the task declares.' }),
    input1: frame.optional().openapi({ description: 'Of a passthrough task.' }),
  })
  .openapi('RunTask');

export const ran = z.object({ run_id: z.string(), result: frame, stdout: z.string() }).openapi('RanTask');
export const begun = z.object({ run_id: z.string() }).openapi('BegunTask');

const metadata = {
  task_id: z.string(),
  task_name: z.string(),
  task_type: z.enum(['input', 'passthrough']),
  desired_action: z.string(),
  user_inputs: z.record(z.string(), z.object({ type: z.string(), description: z.string().optional() })),
  packages_used: z.array(z.string()),
  created_at: z.string(),
};

export const taskRow = z.object(metadata).openapi('TaskRow');

/** The keys that clients of tasks know: what else metadata.json has stays there. */
export const taskRowOf = (fn: Metadata): z.infer<typeof taskRow> => ({
  task_id: fn.task_id,
  task_name: fn.task_name,
  task_type: fn.task_type,
  desired_action: fn.desired_action,
  user_inputs: fn.user_inputs,
  packages_used: fn.packages_used,
  created_at: fn.created_at,
});

export const task = z.object({ ...metadata, code: z.string() }).openapi('Task');

export const taskList = pageOf(taskRow).openapi('TaskList');

const error = z
  .object({
    message: z.string(),
    detail: z.union([z.string(), z.array(z.unknown())]),
    type: z.string(),
    request_id: z.string(),
    run_id: z.string().optional(),
    traceback: z.string().optional(),
    limit: z.string().optional(),
    stdout: z.string().optional(),
  })
  .openapi('TaskError');

export const failure = (description: string) => json(description, error);
