// The messages and prompts of a request, as the shipped workflows take them.
import { z } from 'zod';
import type { Message } from '../activities/model/model.ts';

export const conversation = z
  .array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
  .min(1)
  .refine((messages) => messages.at(-1)?.role === 'user', { message: 'The last message must be from the user.' });

export const overrides = z
  .record(z.string(), z.object({ prompt: z.string().optional(), model: z.string().optional() }))
  .describe('Per step: another prompt (placeholders {message}, {docs}, {research} are filled in) or another model.');

export type Overrides = z.infer<typeof overrides>;

/** Fills `{name}` for each of `values`; other braces stay. One pass: what is filled in is never read again. */
export function fill(prompt: string, values: Record<string, string>): string {
  return prompt.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

export const system = (content: string): Message => ({ role: 'system', content });
export const user = (content: string): Message => ({ role: 'user', content });
