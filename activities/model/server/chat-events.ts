// An answer as the stream of chat completions: https://platform.openai.com/docs/api-reference/chat-streaming
import type { Speech, WireEvent } from './speech.ts';

const finishReason = (speech: Speech): string => {
  if (speech.finish === 'incomplete') return 'length';
  return speech.calls.length > 0 ? 'tool_calls' : 'stop';
};

const usageOf = ({ usage }: Speech) => ({
  prompt_tokens: usage.input_tokens,
  completion_tokens: usage.output_tokens,
  total_tokens: usage.input_tokens + usage.output_tokens,
  prompt_tokens_details: { cached_tokens: usage.cached_tokens },
});

export function* chatEvents(speech: Speech, includeUsage: boolean): Generator<WireEvent> {
  const chunk = (delta: unknown, token: boolean, finish: string | null = null): WireEvent => ({
    data: {
      id: speech.id,
      object: 'chat.completion.chunk',
      created: Math.floor(Date.now() / 1000),
      model: speech.model,
      choices: [{ index: 0, delta, finish_reason: finish }],
    },
    token,
  });
  yield chunk({ role: 'assistant', content: '' }, false);
  for (const token of speech.tokens) yield chunk({ content: token }, true);
  for (const [index, call] of speech.calls.entries()) {
    const opening = { index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } };
    yield chunk({ tool_calls: [opening] }, false);
    for (const piece of call.arguments.match(/[\s\S]{1,8}/g) ?? []) {
      yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] }, true);
    }
  }
  yield chunk({}, false, finishReason(speech));
  if (includeUsage) {
    const { id, model } = speech;
    const data = { id, object: 'chat.completion.chunk', created: 0, model, choices: [], usage: usageOf(speech) };
    yield { data, token: false };
  }
  yield { data: '[DONE]', token: false };
}

/** The same answer in one piece, for `stream: false`. */
export const chatObject = (speech: Speech): unknown => ({
  id: speech.id,
  object: 'chat.completion',
  created: Math.floor(Date.now() / 1000),
  model: speech.model,
  choices: [{ index: 0, message: messageOf(speech), finish_reason: finishReason(speech) }],
  usage: usageOf(speech),
});

const messageOf = (speech: Speech) => ({
  role: 'assistant',
  content: speech.tokens.join('') || null,
  ...(speech.calls.length > 0 && {
    tool_calls: speech.calls.map(({ id, name, arguments: text }) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })),
  }),
});
