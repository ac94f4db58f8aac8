// One question to a provider and the pieces of its answer, whichever protocol carries them.
import type { Message, ModelRequest, ToolSpec } from './model.ts';
import type { Usage } from './prices.ts';

export interface Question {
  model: string;
  messages: Message[];
  tools: ToolSpec[];
  output: ModelRequest['output'];
  temperature: number | undefined;
  max_output_tokens: number | undefined;
}

export type Piece =
  /** The provider has begun: what it was asked is being paid for. */
  | { kind: 'begun'; response_id: string; model: string }
  | { kind: 'text'; text: string }
  /** A part of a tool call; the parts of one `index` belong together. */
  | { kind: 'call'; index: number; id?: string; name?: string; arguments: string }
  | { kind: 'failed'; code: string | undefined; usage?: Usage }
  /** The answer's terminal event. It may come again with the usage. */
  | { kind: 'end'; finish: 'complete' | 'incomplete'; usage?: Usage }
  /** Nothing for us, but a sign of life. */
  | { kind: 'other' };

/** `sequence`: the provider's number of the event, for background responses. */
export type Heard = Piece & { sequence?: number };

/** Told to the model after its own cut words. A user's message: every server takes one at the end. */
export const goOn =
  'Your last message was cut off. Go on exactly where it stopped, with the very next character. ' +
  'Repeat nothing, greet nobody, and do not mention the interruption.';

/** The conversation with which a model goes on from `partial`. */
export const continued = (messages: Message[], partial: string): Message[] => [
  ...messages,
  { role: 'assistant', content: partial },
  { role: 'user', content: goOn },
];

/** Four characters a token, for when the provider does not say. */
export const estimateTokens = (chars: number): number => Math.ceil(chars / 4);

export const inputChars = ({ messages, tools, output }: Question): number =>
  messages.reduce((sum, message) => sum + charsOf(message), 0) +
  (tools.length > 0 ? JSON.stringify(tools).length : 0) +
  (output ? JSON.stringify(output).length : 0);

const charsOf = (message: Message): number =>
  message.content.length +
  ('tool_calls' in message && message.tool_calls ? JSON.stringify(message.tool_calls).length : 0);

/**
 * Whether a JSON Schema fits OpenAI's strict mode: every object closed, every property required, no length of a text.
 * https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every((part) => isStrict(part));
  if (typeof schema !== 'object' || schema === null) return true;
  if ('minLength' in schema || 'maxLength' in schema || 'propertyNames' in schema) return false;
  if ('properties' in schema && typeof schema.properties === 'object' && schema.properties !== null) {
    const required = 'required' in schema && Array.isArray(schema.required) ? schema.required : [];
    if (!('additionalProperties' in schema) || schema.additionalProperties !== false) return false;
    if (Object.keys(schema.properties).some((name) => !required.includes(name))) return false;
  }
  return Object.values(schema).every((part) => isStrict(part));
}
