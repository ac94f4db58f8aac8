// A question asked through chat completions: https://platform.openai.com/docs/api-reference/chat
import type { OpenAI } from 'openai';
import type { Message } from './model.ts';
import type { Usage } from './prices.ts';
import { isStrict, type Heard, type Question } from './question.ts';

type Create = OpenAI.Chat.ChatCompletionCreateParamsStreaming;
type Chunk = OpenAI.Chat.ChatCompletionChunk;
type Delta = OpenAI.Chat.ChatCompletionChunk.Choice.Delta;

/** @param official api.openai.com, whose newer models refuse `max_tokens`; other servers often know nothing else. */
export function chatRequest(question: Question, official: boolean): Create {
  return {
    model: question.model,
    messages: question.messages.map(toParam),
    stream: true,
    stream_options: { include_usage: true },
    ...(question.temperature !== undefined && { temperature: question.temperature }),
    ...(question.max_output_tokens !== undefined && {
      [official ? 'max_completion_tokens' : 'max_tokens']: question.max_output_tokens,
    }),
    ...(question.tools.length > 0 && {
      tools: question.tools.map((tool) => ({
        type: 'function',
        function: { ...tool, strict: isStrict(tool.parameters) },
      })),
    }),
    ...(question.output && {
      response_format: {
        type: 'json_schema',
        json_schema: { ...question.output, strict: isStrict(question.output.schema) },
      },
    }),
  };
}

/** Content is null, not empty, beside tool calls: some servers refuse an empty text. */
const toParam = (message: Message): OpenAI.Chat.ChatCompletionMessageParam =>
  message.role === 'assistant' && message.tool_calls ? { ...message, content: message.content || null } : message;

/**
 * The answer is finished once the model has said why it stopped: `[DONE]`, which the package keeps to itself, changes no
 * word of it. The usage comes in a chunk of its own after that.
 */
export async function* chatPieces(chunks: AsyncIterable<Chunk>): AsyncGenerator<Heard> {
  let begun = false;
  let finish: 'complete' | 'incomplete' | undefined;
  for await (const chunk of chunks) {
    if (!begun) yield { kind: 'begun', response_id: chunk.id, model: chunk.model };
    begun = true;
    const choice = chunk.choices[0];
    yield* toPieces(choice?.delta);
    if (choice?.finish_reason) finish = isCut(choice.finish_reason) ? 'incomplete' : 'complete';
    const usage = toUsage(chunk.usage);
    if (finish && (choice?.finish_reason || usage)) yield { kind: 'end', finish, usage };
  }
}

const isCut = (reason: string): boolean => reason === 'length' || reason === 'content_filter';

function* toPieces(delta: Delta | undefined): Generator<Heard> {
  const text = delta?.content ?? delta?.refusal;
  for (const call of delta?.tool_calls ?? []) {
    const { index, id, function: called } = call;
    yield { kind: 'call', index, id, name: called?.name, arguments: called?.arguments ?? '' };
  }
  yield text ? { kind: 'text', text } : { kind: 'other' };
}

const toUsage = (usage: OpenAI.CompletionUsage | null | undefined): Usage | undefined =>
  usage
    ? {
        input_tokens: usage.prompt_tokens,
        cached_tokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
        output_tokens: usage.completion_tokens,
      }
    : undefined;
