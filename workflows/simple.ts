// One question, one answer.
import { z } from 'zod';
import { conversation, fill, ofTalk, overrides, system, user } from './prompt.ts';
import { step } from './runtime/step.ts';

const input = z.object({ messages: conversation, overrides: overrides.optional() }).describe('Answers one question.');

export async function simple({ messages, overrides }: z.infer<typeof input>) {
  const message = messages.at(-1)!.content;
  const { prompt = 'The user is asking the following question: {message}', model } = overrides?.['start'] ?? {};

  const reply = await step('start').callModel({
    model,
    messages: [system(fill(prompt, { message })), user(message)],
  });

  return { answer: reply.text, message: reply.text };
}
simple.input = input;
simple.modifications = ofTalk({ answers: 'start', models: ['start'] });
