// A question asked through the Responses API: https://platform.openai.com/docs/api-reference/responses
import type { OpenAI } from 'openai';
import type { Message } from './model.ts';
import type { Usage } from './prices.ts';
import { isStrict, type Heard, type Question } from './question.ts';

type Create = OpenAI.Responses.ResponseCreateParamsStreaming;
type Item = OpenAI.Responses.ResponseInputItem;
type Event = OpenAI.Responses.ResponseStreamEvent;

export function responsesRequest(question: Question, background: boolean): Create {
  return {
    model: question.model,
    input: question.messages.flatMap(toItems),
    stream: true,
    // A conversation lives with us. Only a response that can be taken up again has to be kept by the provider.
    store: background,
    ...(background && { background }),
    ...(question.temperature !== undefined && { temperature: question.temperature }),
    ...(question.max_output_tokens !== undefined && { max_output_tokens: question.max_output_tokens }),
    ...(question.tools.length > 0 && {
      tools: question.tools.map((tool) => ({ type: 'function', ...tool, strict: isStrict(tool.parameters) })),
    }),
    ...(question.output && {
      text: { format: { type: 'json_schema', ...question.output, strict: isStrict(question.output.schema) } },
    }),
  };
}

function toItems(message: Message): Item[] {
  if (message.role === 'tool') {
    return [{ type: 'function_call_output', call_id: message.tool_call_id, output: message.content }];
  }
  const said: Item[] = message.content === '' ? [] : [{ role: message.role, content: message.content }];
  if (message.role !== 'assistant') return said;
  const calls = (message.tool_calls ?? []).map(({ id, function: called }): Item => ({
    type: 'function_call',
    call_id: id,
    ...called,
  }));
  return [...said, ...calls];
}

export async function* responsesPieces(events: AsyncIterable<Event>): AsyncGenerator<Heard> {
  for await (const event of events) yield { ...toPiece(event), sequence: event.sequence_number };
}

/** Events that are not named here (reasoning, the ends of parts, the provider's own tools) say nothing to us. */
function toPiece(event: Event): Heard {
  const { type } = event;
  if (type === 'response.created') {
    return { kind: 'begun', response_id: event.response.id, model: event.response.model };
  }
  if (type === 'response.output_text.delta' || type === 'response.refusal.delta') {
    return { kind: 'text', text: event.delta };
  }
  if (type === 'response.output_item.added' && event.item.type === 'function_call') {
    const { call_id: id, name } = event.item;
    return { kind: 'call', index: event.output_index, id, name, arguments: '' };
  }
  if (type === 'response.function_call_arguments.delta') {
    return { kind: 'call', index: event.output_index, arguments: event.delta };
  }
  if (type === 'response.completed' || type === 'response.incomplete') {
    const finish = type === 'response.completed' ? 'complete' : 'incomplete';
    return { kind: 'end', finish, usage: toUsage(event.response.usage) };
  }
  if (type === 'response.failed') {
    return { kind: 'failed', code: event.response.error?.code, usage: toUsage(event.response.usage) };
  }
  if (type === 'error') return { kind: 'failed', code: event.code ?? undefined };
  return { kind: 'other' };
}

export const toUsage = (usage: OpenAI.Responses.ResponseUsage | null | undefined): Usage | undefined =>
  usage
    ? {
        input_tokens: usage.input_tokens,
        // Servers that only resemble OpenAI's leave the details out.
        cached_tokens: usage.input_tokens_details?.cached_tokens ?? 0,
        output_tokens: usage.output_tokens,
      }
    : undefined;

/** A whole response, as polling finds it when it is no longer being made. */
export function* wholeResponse(response: OpenAI.Responses.Response): Generator<Heard> {
  yield { kind: 'begun', response_id: response.id, model: response.model };
  for (const [index, item] of response.output.entries()) {
    if (item.type === 'message') {
      for (const part of item.content) {
        yield { kind: 'text', text: part.type === 'output_text' ? part.text : part.refusal };
      }
    }
    if (item.type === 'function_call') {
      yield { kind: 'call', index, id: item.call_id, name: item.name, arguments: item.arguments };
    }
  }
  const usage = toUsage(response.usage);
  if (response.status === 'completed') yield { kind: 'end', finish: 'complete', usage };
  else if (response.status === 'incomplete') yield { kind: 'end', finish: 'incomplete', usage };
  else yield { kind: 'failed', code: response.error?.code ?? response.status, usage };
}
