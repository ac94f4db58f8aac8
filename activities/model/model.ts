// The model's wire shapes inside Waymark: what a workflow asks and what it gets. OpenAI's chat form for messages
// (https://platform.openai.com/docs/api-reference/chat/create), whichever protocol the provider speaks.
import type { Spent } from '../spent.ts';

export interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

export type Message =
  | { role: 'system' | 'developer' | 'user'; content: string }
  | { role: 'assistant'; content: string; tool_calls?: ToolCall[] }
  | { role: 'tool'; content: string; tool_call_id: string };

export interface ToolSpec {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>;
}

export interface ModelRequest {
  /** Absent: the configured OPENAI_MODEL. */
  model?: string;
  /** Content reference to the messages that came before `messages`. */
  before?: string;
  /** What is new. */
  messages: Message[];
  /** True: the reply carries a content reference to the whole conversation, its own message included. */
  keep?: boolean;
  /** Names of ours (activities/tools/index.ts), or tools of the workflow's own. */
  tools?: (string | ToolSpec)[];
  /** The answer must be JSON of this schema. */
  output?: { name: string; schema: Record<string, unknown> };
  temperature?: number;
  max_output_tokens?: number;
}

export interface ModelReply {
  text: string;
  tool_calls: ToolCall[];
  /** `incomplete`: a finished, cut answer (length, content filter). */
  finish: 'complete' | 'incomplete';
  model: string;
  response_id: string;
  /** What this answer cost. */
  usage: Spent;
  /** What earlier attempts of this step had spent in vain. */
  wasted: Spent;
  /** With `output`: what is wrong with an answer that does not fit its schema. */
  misfit?: string;
  /** With `keep`: content reference to all messages up to and including this answer. */
  reference?: string;
  /** Of the messages that `reference` names: model/print.ts. */
  print?: string;
}
