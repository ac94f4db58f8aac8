// One answer of a model server, before it is put into a protocol.

export interface Call {
  id: string;
  name: string;
  /** JSON text. */
  arguments: string;
}

export interface Speech {
  /** `resp_…` or `chatcmpl-…`. */
  id: string;
  model: string;
  tokens: string[];
  calls: Call[];
  finish: 'complete' | 'incomplete';
  usage: { input_tokens: number; output_tokens: number; cached_tokens: number };
}

/** One server-sent event. `token`: it carries a piece of the answer, which takes a model time to find. */
export interface WireEvent {
  name?: string;
  data: unknown;
  token: boolean;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */
export const encode = (event: WireEvent): string =>
  `${event.name === undefined ? '' : `event: ${event.name}\n`}data: ${
    typeof event.data === 'string' ? event.data : JSON.stringify(event.data)
  }\n\n`;

/** Words with the space before them, as tokens mostly are; they join to exactly `text`. */
export const tokenize = (text: string): string[] => text.match(/\s*\S+|\s+$/g) ?? [];

/** About four characters a token: https://help.openai.com/en/articles/4936856 */
export const countTokens = (text: string): number => Math.ceil(text.length / 4);
