// A poem of a given number of sentences, saved as a file.
import { z } from 'zod';
import { user } from './prompt.ts';
import { step } from './runtime/step.ts';

const input = z
  .object({
    sentence_count: z.int().min(1).max(10).nullish().describe('How many sentences; absent or null: 1 to 5 at random.'),
  })
  .describe('Writes a poem about how AI is awesome.');

export async function poem_flow({ sentence_count }: z.infer<typeof input>) {
  const count = sentence_count ?? 1 + Math.floor(Math.random() * 5);

  const reply = await step('write_poem').callModel({
    messages: [
      user(
        `Write a poem about how AI is awesome. It must have exactly ${count} ${count === 1 ? 'sentence' : 'sentences'}.`,
      ),
    ],
  });

  await step('save_poem').savePoem(reply.text);

  return { sentence_count: count, poem: reply.text };
}
poem_flow.input = input;
