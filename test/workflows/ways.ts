// Runs whose way depends on their input, or that need a hand: what forks and restores are tried on.
import { executeChild, uuid4 } from '@temporalio/workflow';
import { z } from 'zod';
import { user } from '../../workflows/prompt.ts';
import { askPerson } from '../../workflows/runtime/person.ts';
import { step } from '../../workflows/runtime/step.ts';
import { six } from './six.ts';

const ways = z.object({ way: z.enum(['left', 'right']) });

/** The second step is another activity when it goes the other way. */
export async function branches({ way }: z.infer<typeof ways>) {
  const first = await step('first').callModel({ messages: [user(`first ${way}`)] });
  if (way === 'left') await step('second').callModel({ messages: [user('second left')] });
  else await step('second').savePoem(first.text);
  await step('saved').savePoem(way);
  const [last, other] = await Promise.all([
    step('twin').callModel({ messages: [user(`third ${way}`)] }),
    step('twin').callModel({ messages: [user(`fourth ${way}`)] }),
  ]);
  return [first.text, last.text, other.text];
}
branches.input = ways;

/** Gives its child's id. */
export async function begets(topic: string): Promise<string> {
  const workflowId = uuid4();
  await executeChild(six, { workflowId, args: [{ topic }] });
  return workflowId;
}

const mind = z.object({ sound: z.boolean() });

/** Its code throws after its first step, in a workflow task: it can hear nothing. */
export async function stuck({ sound }: z.infer<typeof mind>) {
  const said = await step('first').callModel({ messages: [user('stuck')] });
  if (!sound) throw new TypeError('a mistake in the code of the workflow');
  return said.text;
}
stuck.input = mind;

const drafted = z.object({ topic: z.string() });

/** Asks a person after its second step. */
export async function drafts({ topic }: z.infer<typeof drafted>) {
  await step('draft').callModel({ messages: [user(`${topic} draft`)] });
  await step('polish').callModel({ messages: [user(`${topic} polish`)] });
  return askPerson({ name: 'verdict', question: 'Is this good?' });
}
drafts.input = drafted;
