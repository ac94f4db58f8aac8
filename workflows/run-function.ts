// Calls a function that was made before: its code is fetched, and run in the sandbox.
import { ApplicationFailure } from '@temporalio/workflow';
import { z } from 'zod';
import { failureOf } from '../activities/functions/ending.ts';
import { frame, inputs } from '../activities/functions/given.ts';
import { step } from './runtime/step.ts';

const input = z
  .object({
    task_id: z.string().describe('Of GET /api/tasks.'),
    inputs: inputs.default({}).describe('By name, as the function declares them.'),
    input1: frame.optional().describe('The data set of a passthrough function. Values are given column by column.'),
  })
  .describe('Calls a function.');

export async function run_function({ task_id, inputs, input1 }: z.infer<typeof input>) {
  const { code, task_type, user_inputs } = await step('load_function').loadFunction(task_id);
  const outcome = await programStep('run_function').runFunction({ code, task_type, user_inputs, inputs }, input1);
  if (outcome.kind === 'result') return outcome;
  const { type, message } = failureOf(outcome);
  throw ApplicationFailure.nonRetryable(message, type);
}
run_function.input = input;
run_function.functionIn = 'task_id';

/** A step that may wait for its turn, and whose program may be given an hour. */
export const programStep = (name: string) => step(name, { startToCloseTimeout: '2 hours' });
