// Asks a person; the run waits for the answer.
import { z } from 'zod';
import { tool } from './tool.ts';

export const ask_person = tool({
  name: 'ask_person',
  description: 'Asks a person and waits for the answer. For what only a human can know or decide.',
  input: z.strictObject({ question: z.string() }),
  effect: 'none',
  approval: 'never',
  ask: ({ question }) => question.slice(0, 4000),
});
