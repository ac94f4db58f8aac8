// What a model server is asked, in either of OpenAI's protocols, brought to one shape.
import { z } from 'zod';

export type Protocol = 'responses' | 'chat';

export interface Said {
  role: string;
  text: string;
}

export interface OfferedTool {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: unknown;
}

export interface Asked {
  protocol: Protocol;
  model: string;
  said: Said[];
  tools: OfferedTool[];
  /** JSON Schema that the answer must have. */
  schema?: unknown;
  stream: boolean;
  background: boolean;
  include_usage: boolean;
  max_output_tokens?: number;
}

const content = z
  .union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))])
  .nullish()
  .transform((value) => (typeof value === 'string' ? value : (value ?? []).map((part) => part.text ?? '').join('')));

const tool = z.object({
  name: z.string().default(''),
  description: z.string().default(''),
  parameters: z.unknown(),
});

const chatBody = z.object({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content })),
  tools: z.array(z.looseObject({ function: tool })).default([]),
  response_format: z.looseObject({ json_schema: z.looseObject({ schema: z.unknown() }).optional() }).optional(),
  stream: z.boolean().default(false),
  stream_options: z.looseObject({ include_usage: z.boolean().default(false) }).optional(),
  max_tokens: z.number().optional(),
  max_completion_tokens: z.number().optional(),
});

const item = z.looseObject({
  type: z.string().default('message'),
  role: z.string().optional(),
  content: content.optional(),
  output: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
});

const responsesBody = z.object({
  model: z.string(),
  instructions: z.string().nullish(),
  input: z.union([z.string(), z.array(item)]),
  tools: z.array(tool).default([]),
  text: z.looseObject({ format: z.looseObject({ schema: z.unknown() }).optional() }).optional(),
  stream: z.boolean().default(false),
  background: z.boolean().default(false),
  max_output_tokens: z.number().nullish(),
});

/** @throws ZodError when the body is not of the protocol: a real server answers 400. */
export const readAsked = (protocol: Protocol, body: unknown): Asked =>
  protocol === 'chat' ? readChat(body) : readResponses(body);

function readChat(body: unknown): Asked {
  const ask = chatBody.parse(body);
  return {
    protocol: 'chat',
    model: ask.model,
    said: ask.messages.map((message) => ({ role: message.role, text: message.content })),
    tools: ask.tools.map(({ function: offered }) => offered),
    schema: ask.response_format?.json_schema?.schema,
    stream: ask.stream,
    background: false,
    include_usage: ask.stream_options?.include_usage ?? false,
    max_output_tokens: ask.max_completion_tokens ?? ask.max_tokens,
  };
}

function readResponses(body: unknown): Asked {
  const ask = responsesBody.parse(body);
  const items = typeof ask.input === 'string' ? [{ type: 'message', role: 'user', content: ask.input }] : ask.input;
  const said = items.map((one) => readItem(one));
  if (ask.instructions) said.unshift({ role: 'system', text: ask.instructions });
  return {
    protocol: 'responses',
    model: ask.model,
    said,
    tools: ask.tools,
    schema: ask.text?.format?.schema,
    stream: ask.stream,
    background: ask.background,
    include_usage: true,
    max_output_tokens: ask.max_output_tokens ?? undefined,
  };
}

function readItem(one: z.infer<typeof item>): Said {
  if (one.type === 'function_call_output') return { role: 'tool', text: one.output ?? '' };
  if (one.type === 'function_call') return { role: 'assistant', text: `${one.name}(${one.arguments})` };
  return { role: one.role ?? 'user', text: one.content ?? '' };
}
