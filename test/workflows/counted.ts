// Two model steps, and an end as asked for. No other test has runs of it: its figures are one test's own.
import { ApplicationFailure } from '@temporalio/workflow';
import { z } from 'zod';
import { user } from '../../workflows/prompt.ts';
import { step } from '../../workflows/runtime/step.ts';

const input = z.object({ topic: z.string(), fails: z.boolean().default(false), model: z.string().optional() });

export async function counted({ topic, fails, model }: z.infer<typeof input>) {
  const first = await step('first').callModel({ messages: [user(`${topic} first`)], model });
  const second = await step('second').callModel({ messages: [user(`${topic} second`)], model });
  if (fails) throw ApplicationFailure.nonRetryable('As asked for.', 'Asked');
  return [first.text, second.text];
}
counted.input = input;
