// Six model steps, one after the other.
import { z } from 'zod';
import { user } from '../../workflows/prompt.ts';
import { step } from '../../workflows/runtime/step.ts';

const input = z.object({ topic: z.string() });

export async function six({ topic }: z.infer<typeof input>) {
  const said: string[] = [];
  for (let i = 1; i <= 6; i++) {
    const reply = await step(`part_${i}`).callModel({ messages: [user(`${topic} part ${i}`)] });
    said.push(reply.text);
  }
  return said;
}
six.input = input;
