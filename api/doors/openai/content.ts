// The messages of a request: OpenAI's two forms of them, read as what is said to an agent.
import { z } from '@hono/zod-openapi';
import type { Said } from '../../../workflows/prompt.ts';
import { badRequest } from './refusal.ts';

/** What is said, and what is added to the agent's own instructions. */
export interface Spoken {
  instructions: string[];
  messages: Said[];
}

const part = z.object({ type: z.string(), text: z.string().optional() });

/** What else a message may have is looked at only to say that it cannot be taken. */
export const message = z.object({
  type: z.string().optional(),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(part), z.null()]).optional(),
});

export type WireMessage = z.infer<typeof message>;

const textParts = new Set(['text', 'input_text', 'output_text', 'refusal']);

/** @param param where they stand. Throws ApiError 400. */
export function spokenIn(messages: readonly WireMessage[], param: string): Spoken {
  const spoken: Spoken = { instructions: [], messages: [] };
  messages.forEach((message, index) => take(spoken, message, `${param}[${index}]`));
  if (spoken.messages.at(-1)?.role !== 'user')
    throw badRequest(param, `The last message of ${param} must be one of role 'user': it is what the agent answers.`);
  return spoken;
}

function take(spoken: Spoken, { type = 'message', role, content }: WireMessage, at: string): void {
  if (type !== 'message') throw badRequest(at, `Items of type '${type}' cannot be taken: only messages. ${ownTools}`);
  const text = textOf(content ?? '', `${at}.content`);
  if (role === 'system' || role === 'developer') spoken.instructions.push(text);
  else if (role === 'user') spoken.messages.push({ role, content: text });
  else if (role !== 'assistant') throw wrongRole(role, `${at}.role`);
  // One that only called tools said nothing.
  else if (text !== '') spoken.messages.push({ role, content: text });
}

const wrongRole = (role: string | undefined, at: string) =>
  role === 'tool' || role === 'function'
    ? badRequest(at, `Messages of role '${role}' cannot be taken. ${ownTools}`)
    : badRequest(at, `The role must be 'system', 'developer', 'user' or 'assistant'.`);

function textOf(content: string | z.infer<typeof part>[], at: string): string {
  if (typeof content === 'string') return content;
  const texts = content.map(({ type, text }, index) => {
    if (textParts.has(type)) return text ?? '';
    throw badRequest(`${at}[${index}].type`, `Content of type '${type}' cannot be taken: only text.`);
  });
  return texts.join('');
}

export const ownTools = 'An agent calls its own tools, here; those of a client cannot be offered to it.';
