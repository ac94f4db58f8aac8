// What viewers and views are told of a step.
import type { Fault } from './event.ts';
import { shown, shownBytes, valueOf, type Opened } from './payload.ts';
import { asReply } from './shape.ts';
import type { Told } from './story.ts';
import type { StepView } from './view.ts';

type Taken = Pick<StepView, 'step' | 'round' | 'kind' | 'name' | 'activity' | 'timeline' | 'started_at'>;

export function taken(taken: Taken): StepView {
  return { ...taken, status: 'scheduled', step_num: null, checkpoint: null, attempt: null, completed_at: null };
}

export function started({ step, name, round, activity }: StepView): Told {
  return { event: { type: 'step_started', data: { step, name, round, activity } } };
}

export function completed(view: StepView, text: string | undefined): Told {
  const { step, name, round, step_num, result, result_bytes, problem } = view;
  const data = { step, name, round, step_num: step_num ?? 0, result, result_bytes, problem };
  return { event: { type: 'step_completed', data }, words: words(view, text), settles: step };
}

export function aborted(view: StepView): Told {
  const { step, name, round, partial, status } = view;
  const event = { type: 'step_aborted', data: { step, name, round } } as const;
  return { event, words: words(view, partial), settles: status === 'aborted' ? undefined : step };
}

export function failed({ step, name, round }: StepView, error: Fault): Told {
  return { event: { type: 'step_failed', data: { step, name, round, error } }, settles: step };
}

function words({ step, round, attempt }: StepView, text: string | undefined): Told['words'] {
  return text ? { step, round, attempt: attempt ?? 1, text } : undefined;
}

/** The text of a step is the model's reply, if that is what it returned. */
export const textOf = (result: Opened | undefined): string | undefined => asReply(valueOf(result))?.text;

type Shown = Pick<StepView, 'result' | 'result_bytes' | 'problem'>;

/** A result as steps and events show it: whole up to 32 KiB, else its size. */
export function shownResult(opened: Opened | undefined): Shown {
  if (!opened) return {};
  if (opened.state === 'missing') return { result_bytes: opened.bytes, problem: 'stored_payload_missing' };
  return opened.bytes > shownBytes ? { result_bytes: opened.bytes } : { result: shown(opened) };
}

export function shownInput(opened: Opened | undefined): Pick<StepView, 'input' | 'input_bytes' | 'problem'> {
  const { result: input, result_bytes: input_bytes, problem } = shownResult(opened);
  return {
    ...(input !== undefined && { input }),
    ...(input_bytes !== undefined && { input_bytes }),
    ...(problem && { problem }),
  };
}
