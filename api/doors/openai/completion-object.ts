// A run as a chat completion: https://platform.openai.com/docs/api-reference/chat/object
import type { Core } from '../../deps.ts';
import { readRun } from '../../runs/read.ts';
import type { RunAnswer } from '../../runs/shape.ts';
import { inputOf } from './asked.ts';
import { textOf } from './completion-text.ts';
import { isCut, readItems, seconds, usageOf } from './response.ts';

export async function readCompletion(deps: Core, run: string) {
  const read = await readRun(deps, run);
  const message = { role: 'assistant', content: await contentOf(deps, read), refusal: null, annotations: [] };
  return {
    ...headOf(read, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(read) }],
    usage: completionUsage(read),
  };
}

export const headOf = (run: RunAnswer, object: 'chat.completion' | 'chat.completion.chunk') => ({
  id: `chatcmpl-${run.id}`,
  object,
  created: seconds(run.created_at),
  model: run.agent_id ?? '',
});

/** An answer that must have a schema is that alone: what else was said would spoil it. */
async function contentOf(deps: Core, run: RunAnswer): Promise<string> {
  if (isStructured(run)) return run.response_content ?? '';
  return textOf(await readItems(deps, run.id));
}

export const isStructured = (run: RunAnswer): boolean => inputOf(run).agent.output_schema !== null;

export const finishOf = (run: RunAnswer): 'length' | 'stop' => (isCut(run) ? 'length' : 'stop');

export function completionUsage(run: RunAnswer) {
  const { input_tokens, output_tokens, total_tokens } = usageOf(run);
  return { prompt_tokens: input_tokens, completion_tokens: output_tokens, total_tokens };
}
