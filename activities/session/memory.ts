// What an agent remembers of a session: the newest messages that fit.
import type { Message } from '../model/model.ts';
import { estimateTokens } from '../model/question.ts';
import type { Memory, Said } from './turn.ts';

/** The end of `said` that fits, beginning with a word of the user. What is new comes after it, whole. */
export function remembered(said: readonly Said[], { messages, tokens }: Memory): Said[] {
  let from = said.length;
  let left = tokens;
  while (from > 0 && said.length - from < messages) {
    left -= estimateTokens(said[from - 1]?.content.length ?? 0);
    if (left < 0) break;
    from--;
  }
  const kept = said.slice(from);
  const first = kept.findIndex(({ role }) => role === 'user');
  return first === -1 ? [] : kept.slice(first);
}

/** A session keeps what was said, not how it was found out. */
export const saidIn = (messages: readonly Message[]): Said[] =>
  messages.flatMap((message): Said[] =>
    message.role === 'user' || message.role === 'assistant' ? [{ role: message.role, content: message.content }] : [],
  );
