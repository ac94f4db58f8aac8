// Asks a person twice, with a model step between.
import { z } from 'zod';
import { user } from '../../workflows/prompt.ts';
import { askPerson } from '../../workflows/runtime/person.ts';
import { step } from '../../workflows/runtime/step.ts';

const input = z.object({ topic: z.string() });

export async function asks({ topic }: z.infer<typeof input>) {
  const tone = await askPerson({ name: 'tone', question: `Which tone for ${topic}?` });
  const draft = await step('draft').callModel({ messages: [user(`${topic} in tone ${String(tone)}`)] });
  const verdict = await askPerson({ name: 'verdict', question: 'Is this good?', kind: 'approval' });
  return { draft: draft.text, verdict };
}
asks.input = input;
