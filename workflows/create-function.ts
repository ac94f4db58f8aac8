// A Python function from plain words: a model writes it, Python reads it, an example is run, and it is kept.
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { z } from 'zod';
import type { CheckedAnswer } from '../activities/functions/check.ts';
import { packagesMessage } from '../activities/functions/ending.ts';
import type { Draft, TaskType } from '../activities/functions/function.ts';
import { asked, askedAgain } from './function-prompt.ts';
import { programStep } from './run-function.ts';
import { attributes } from './runtime/messages.ts';
import { step } from './runtime/step.ts';

const input = z
  .object({
    desired_action: z.string().min(1).describe('What the function shall do, in plain words.'),
    task_type: z
      .enum(['input', 'passthrough'])
      .describe('passthrough: it gets a data set, beside what it asks the user for.'),
  })
  .describe('Writes a Python function.');

/** Of the model, in all. */
const calls = 3;

export async function create_function({ desired_action, task_type }: z.infer<typeof input>) {
  const draft = await write(desired_action, task_type);
  const { example, code, user_inputs } = draft;
  const outcome =
    example &&
    (await programStep('try_example').runFunction(
      { code, task_type, user_inputs, inputs: example.inputs },
      example.input1,
    ));
  const owner = workflowInfo().typedSearchAttributes.get(attributes.Owner);
  const saved = { ...draft, desired_action, task_type, outcome, ...(owner !== undefined && { owner }) };
  return step('save_function').saveFunction(saved);
}
create_function.input = input;
create_function.modifications = {
  modified_query: (given: z.infer<typeof input>, desired_action: string) => ({ ...given, desired_action }),
};

async function write(desired_action: string, task_type: TaskType): Promise<Draft> {
  let messages = asked(desired_action, task_type);
  let lacking: ApplicationFailure | undefined;
  for (let call = 1; ; call++) {
    const { text, finish } = await step('write_function').callModel({ messages });
    const checked = await step('check_function').checkFunction({ text, cut: finish === 'incomplete', task_type });
    if (checked.kind === 'function') return checked.draft;
    const error = errorOf(checked);
    // A function that lacked nothing but packages is nearer to one than what came after it.
    if (checked.kind === 'packages_missing') lacking ??= ApplicationFailure.nonRetryable(error, 'PackagesMissing');
    if (call === calls) throw lacking ?? unusable(error);
    messages = [...messages, ...askedAgain(text, error)];
  }
}

function errorOf(checked: Exclude<CheckedAnswer, { kind: 'function' }>): string {
  return checked.kind === 'unusable' ? checked.error : packagesMessage(checked.missing, checked.available);
}

const unusable = (error: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `The model was asked ${calls} times and gave no usable function. The last time: ${error}`,
    'FunctionUnusable',
  );
