// A message of a response while it is being said: each change of it is an event in OpenAI's words.
import type { Sequence } from './sequence.ts';

export interface OutputText {
  type: 'output_text';
  text: string;
  annotations: never[];
  logprobs: never[];
}

export interface OutputItem {
  id: string;
  type: 'message';
  role: 'assistant';
  /** `incomplete`: it was broken off; what replaces it, if anything does, is an item of its own. */
  status: 'in_progress' | 'completed' | 'incomplete';
  content: OutputText[];
}

export interface ItemEvent {
  type: string;
  sequence_number: number;
  output_index: number;
  item_id?: string;
  item?: OutputItem;
  content_index?: 0;
  part?: OutputText;
  delta?: string;
  text?: string;
  logprobs?: never[];
}

/** What is being said. */
export interface Message {
  id: string;
  index: number;
  step: string;
  text: string;
}

const partOf = (text: string): OutputText => ({ type: 'output_text', text, annotations: [], logprobs: [] });

const itemOf = ({ id, text }: Message, status: OutputItem['status']): OutputItem => ({
  id,
  type: 'message',
  role: 'assistant',
  status,
  content: status === 'in_progress' ? [] : [partOf(text)],
});

/** Where an event of the message's text belongs. */
const placeOf = ({ id, index }: Message) => ({ output_index: index, item_id: id, content_index: 0 }) as const;

export const beginItem = (message: Message, { next }: Sequence): ItemEvent[] => [
  {
    type: 'response.output_item.added',
    sequence_number: next(),
    output_index: message.index,
    item: itemOf(message, 'in_progress'),
  },
  { type: 'response.content_part.added', sequence_number: next(), ...placeOf(message), part: partOf('') },
];

export function sayMore(message: Message, delta: string, { next }: Sequence): ItemEvent {
  message.text += delta;
  const type = 'response.output_text.delta';
  return { type, sequence_number: next(delta.length), ...placeOf(message), delta, logprobs: [] };
}

export function endItem(message: Message, status: 'completed' | 'incomplete', { next }: Sequence) {
  const { text } = message;
  const item = itemOf(message, status);
  const at = placeOf(message);
  const events: ItemEvent[] = [
    { type: 'response.output_text.done', sequence_number: next(), ...at, text, logprobs: [] },
    { type: 'response.content_part.done', sequence_number: next(), ...at, part: partOf(text) },
    { type: 'response.output_item.done', sequence_number: next(), output_index: message.index, item },
  ];
  return { item, events };
}

/** The event as whoever has everything up to number `after` is to see it. Undefined: not at all. */
export function since(event: ItemEvent, after: number): ItemEvent | undefined {
  if (event.sequence_number <= after) return undefined;
  const { delta } = event;
  const missing = event.sequence_number - after;
  return delta !== undefined && missing < delta.length ? { ...event, delta: delta.slice(-missing) } : event;
}
