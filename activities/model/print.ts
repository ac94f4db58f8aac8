// A print of a conversation: two that differ have different ones. Plain values, for workflows too.
import type { Message } from './model.ts';

/** Of nothing said. */
export const blank = '0';

/** The print of what has `print` when `messages` are said after it. */
export const printed = (print: string, messages: readonly Message[]): string => messages.reduce(after, print);

/** FNV-1a, twice 32 bits. */
function after(print: string, message: Message): string {
  const text = print + JSON.stringify(toList(message));
  let a = 0x811c9dc5;
  let b = 0x1234567;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
  }
  return `${(a >>> 0).toString(16)}${(b >>> 0).toString(16)}`;
}

/** However a message was kept, its parts come in one order. */
const toList = (message: Message): unknown[] => [
  message.role,
  message.content,
  'tool_call_id' in message ? message.tool_call_id : null,
  'tool_calls' in message ? (message.tool_calls ?? []).map(({ id, function: f }) => [id, f.name, f.arguments]) : [],
];
