// A chat completion as a stream of chunks: the text as it comes, the end, what it cost.
import type { Context } from 'hono';
import type { Core } from '../../deps.ts';
import { type Frame } from '../../events/event.ts';
import { subscribe } from '../../events-answer.ts';
import { readRun } from '../../runs/read.ts';
import { completionUsage, finishOf, headOf, isStructured } from './completion-object.ts';
import { createCompletionText } from './completion-text.ts';
import { sendLines } from './lines.ts';

export async function streamCompletion(
  deps: Core,
  c: Context,
  run: string,
  wanted: { usage: boolean },
): Promise<Response> {
  const begun = await readRun(deps, run);
  // Last, for nobody would close it if what comes after it failed.
  const subscription = await subscribe(deps, run);
  const head = headOf(begun, 'chat.completion.chunk');
  const structured = isStructured(begun);
  const text = createCompletionText();
  const usage = wanted.usage ? { usage: null } : {};
  const chunk = (delta: object, finish_reason: string | null = null): string =>
    line({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason }], ...usage });
  const said = (content: string): string => (content === '' ? '' : chunk({ content }));

  const end = async (): Promise<string> => {
    const ended = await readRun(deps, run);
    const total = wanted.usage ? line({ ...head, choices: [], usage: completionUsage(ended) }) : '';
    return chunk({}, finishOf(ended)) + total + done;
  };

  const tell = async (frame: Frame): Promise<string> => {
    const told = text.take(frame);
    if (told.kind === 'changed' && !structured) {
      subscription.close();
      return fault('text_changed', `The answer began anew, and what was sent of it does not hold. ${whereItIs(run)}`);
    }
    const more = told.kind === 'more' && !structured ? said(told.text) : '';
    const { type, data } = frame;
    if (type === 'run_started') return chunk({ role: 'assistant', content: '', refusal: null });
    if (type === 'run_completed') return more + (structured ? said(data.response ?? '') : '') + (await end());
    if (type === 'run_failed') return fault(data.error.type, `Run '${run}' failed: ${data.error.message}`);
    if (type === 'run_cancelled') return fault('run_cancelled', `Run '${run}' was cancelled.`);
    return more;
  };

  return sendLines(c, subscription, tell);
}

const line = (chunk: object): string => `data: ${JSON.stringify(chunk)}\n\n`;
const done = 'data: [DONE]\n\n';

const fault = (code: string, message: string): string =>
  line({ error: { message, type: 'server_error', param: null, code } });

const whereItIs = (run: string): string => `The run goes on: GET /api/runs/${run}/result has the answer.`;
