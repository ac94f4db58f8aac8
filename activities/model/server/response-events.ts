// An answer as the stream of the Responses API: https://platform.openai.com/docs/api-reference/responses-streaming
import type { Call, Speech, WireEvent } from './speech.ts';

export type ResponseStatus = 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

const messageItem = (speech: Speech, status: string, text: string | null) => ({
  id: `msg_${speech.id}`,
  type: 'message',
  role: 'assistant',
  status,
  content: text === null ? [] : [{ type: 'output_text', text, annotations: [] }],
});

const callItem = (speech: Speech, call: Call, status: string, text: string) => ({
  id: `fc_${call.id}_${speech.id}`,
  type: 'function_call',
  call_id: call.id,
  name: call.name,
  arguments: text,
  status,
});

/** The Response object. Output and usage are there once the answer is finished. */
export function responseObject(speech: Speech, status: ResponseStatus, error: unknown = null): Record<string, unknown> {
  const finished = status === 'completed' || status === 'incomplete';
  const text = speech.tokens.join('');
  const { input_tokens, output_tokens, cached_tokens } = speech.usage;
  return {
    id: speech.id,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status,
    error,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    model: speech.model,
    output: finished
      ? [
          ...(text ? [messageItem(speech, status, text)] : []),
          ...speech.calls.map((call) => callItem(speech, call, 'completed', call.arguments)),
        ]
      : [],
    usage: finished
      ? {
          input_tokens,
          output_tokens,
          total_tokens: input_tokens + output_tokens,
          input_tokens_details: { cached_tokens },
          output_tokens_details: { reasoning_tokens: 0 },
        }
      : null,
  };
}

export function* responseEvents(speech: Speech): Generator<WireEvent> {
  let sequence_number = 0;
  const event = (name: string, fields: Record<string, unknown>, token = false): WireEvent => ({
    name,
    data: { type: name, sequence_number: sequence_number++, ...fields },
    token,
  });
  yield event('response.created', { response: responseObject(speech, 'in_progress') });
  yield event('response.in_progress', { response: responseObject(speech, 'in_progress') });
  if (speech.tokens.length > 0) yield* messageEvents(speech, event);
  const first = speech.tokens.length > 0 ? 1 : 0;
  for (const [index, call] of speech.calls.entries()) yield* callEvents(speech, call, first + index, event);
  const status = speech.finish === 'complete' ? 'completed' : 'incomplete';
  yield event(`response.${status}`, { response: responseObject(speech, status) });
}

type MakeEvent = (name: string, fields: Record<string, unknown>, token?: boolean) => WireEvent;

function* messageEvents(speech: Speech, event: MakeEvent): Generator<WireEvent> {
  const text = speech.tokens.join('');
  const place = { item_id: `msg_${speech.id}`, output_index: 0, content_index: 0 };
  const part = { type: 'output_text', text: '', annotations: [] };
  yield event('response.output_item.added', { output_index: 0, item: messageItem(speech, 'in_progress', null) });
  yield event('response.content_part.added', { ...place, part });
  for (const delta of speech.tokens) yield event('response.output_text.delta', { ...place, delta, logprobs: [] }, true);
  yield event('response.output_text.done', { ...place, text, logprobs: [] });
  yield event('response.content_part.done', { ...place, part: { ...part, text } });
  yield event('response.output_item.done', { output_index: 0, item: messageItem(speech, 'completed', text) });
}

function* callEvents(speech: Speech, call: Call, output_index: number, event: MakeEvent): Generator<WireEvent> {
  const item_id = `fc_${call.id}_${speech.id}`;
  yield event('response.output_item.added', { output_index, item: callItem(speech, call, 'in_progress', '') });
  for (const delta of call.arguments.match(/[\s\S]{1,8}/g) ?? []) {
    yield event('response.function_call_arguments.delta', { item_id, output_index, delta }, true);
  }
  yield event('response.function_call_arguments.done', { item_id, output_index, arguments: call.arguments });
  yield event('response.output_item.done', { output_index, item: callItem(speech, call, 'completed', call.arguments) });
}
