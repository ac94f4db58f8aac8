// The messages and prompts of a request, as the shipped workflows take them.
import { z } from 'zod';
import type { Message } from '../activities/model/model.ts';

export const said = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });

export const conversation = z
  .array(said)
  .min(1)
  .refine((messages) => messages.at(-1)?.role === 'user', { message: 'The last message must be from the user.' });

export const overrides = z
  .record(z.string(), z.object({ prompt: z.string().optional(), model: z.string().optional() }))
  .describe('Per step: another prompt (placeholders {message}, {docs}, {research} are filled in) or another model.');

export type Overrides = z.infer<typeof overrides>;

/**
 * What a fork may change of a workflow's input by a name that every client knows: plain functions from input to input,
 * which a workflow carries beside its `.input`. Those that it lacks are refused.
 */
export interface Modifications<Input> {
  /** Another last question; what was said after it goes. */
  modified_query?(input: Input, query: string): Input;
  modified_messages?(input: Input, messages: Said[]): Input;
  system_prompt?(input: Input, prompt: string): Input;
  model?(input: Input, model: string): Input;
}

export type Said = z.infer<typeof said>;

interface Talk {
  messages: Said[];
  overrides?: Overrides;
}

/** What every workflow that answers messages takes. */
export const ofMessages = <Input extends { messages: Said[] }>(): Pick<
  Modifications<Input>,
  'modified_query' | 'modified_messages'
> => ({
  modified_query: (input, content) => ({
    ...input,
    messages: [...input.messages.slice(0, input.messages.findLastIndex(isUsers)), { role: 'user', content }],
  }),
  modified_messages: (input, messages) => ({ ...input, messages }),
});

/** `answers`: the step that a system prompt is for; `models`: the steps that ask a model. */
export const ofTalk = ({ answers, models }: { answers: string; models: string[] }): Modifications<Talk> => ({
  ...ofMessages<Talk>(),
  system_prompt: (input, prompt) => overriding(input, [answers], { prompt }),
  model: (input, model) => overriding(input, models, { model }),
});

const isUsers = ({ role }: Said): boolean => role === 'user';

function overriding(input: Talk, steps: string[], by: Overrides[string]): Talk {
  const changed = steps.map((step) => [step, { ...input.overrides?.[step], ...by }] as const);
  return { ...input, overrides: { ...input.overrides, ...Object.fromEntries(changed) } };
}

/** Fills `{name}` for each of `values`; other braces stay. One pass: what is filled in is never read again. */
export function fill(prompt: string, values: Record<string, string>): string {
  const known = new Map(Object.entries(values));
  return prompt.replace(/\{(\w+)\}/g, (whole, name: string) => known.get(name) ?? whole);
}

export const system = (content: string): Message => ({ role: 'system', content });
export const user = (content: string): Message => ({ role: 'user', content });
