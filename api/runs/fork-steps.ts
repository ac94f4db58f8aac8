// The steps of a run on either side of a checkpoint, and the edits of those before it.
import type { Checkpoint, RunView, StepView } from '../events/view.ts';
import { noSuchStep } from './modifications.ts';

/** A step that has completed. */
export interface Taken extends StepView {
  step_num: number;
  checkpoint: Checkpoint;
}

/** In order of their completion. */
export const takenIn = ({ steps }: Pick<RunView, 'steps'>): Taken[] =>
  steps.filter(isTaken).toSorted((a, b) => a.step_num - b.step_num);

const isTaken = (step: StepView): step is Taken => step.step_num !== null && step.checkpoint !== null;

/** Those that had completed at the checkpoint. `taken` is in order. */
export function takenBy(taken: Taken[], { timeline, event }: Checkpoint): Taken[] {
  const last = taken.findLastIndex(({ checkpoint: at }) => at.timeline === timeline && at.event <= event);
  if (last >= 0) return taken.slice(0, last + 1);
  // Before the first step of that timeline.
  const next = taken.findIndex(({ checkpoint: at }) => at.timeline === timeline);
  return taken.slice(0, Math.max(next, 0));
}

/** Another result for the step that was completed there. */
export interface StepEdit {
  checkpoint: Checkpoint;
  result: unknown;
}

/** The edits in order of their steps. Throws ApiError 422 for a step that was not taken, or that is not clearly named. */
export function editsOf(taken: Taken[], results: Record<string, unknown>): StepEdit[] {
  const chosen = Object.entries(results).map(([key, result]) => ({ key, step: stepOf(taken, key), result }));
  for (const [i, { key, step }] of chosen.entries())
    if (chosen.findIndex((other) => other.step === step) < i) throw noSuchStep(key, 'This step is named twice.');
  return chosen
    .toSorted((a, b) => a.step.step_num - b.step.step_num)
    .map(({ step: { checkpoint }, result }) => ({ checkpoint, result }));
}

function stepOf(taken: Taken[], key: string): Taken {
  const byNumber = taken.find(({ step_num }) => String(step_num) === key);
  if (byNumber) return byNumber;
  for (const keyOf of [({ step }: Taken) => step, ({ name }: Taken) => name]) {
    const found = taken.filter((step) => keyOf(step) === key);
    if (found.length > 1) throw noSuchStep(key, `Several steps are called so. Their step_num: ${numbers(found)}.`);
    if (found[0]) return found[0];
  }
  throw noSuchStep(key, `The run had completed no such step at the checkpoint. It had: ${namesOf(taken)}.`);
}

const numbers = (steps: Taken[]): string => steps.map(({ step_num }) => step_num).join(', ');

/** The last ones: a long run has thousands. */
const named = 20;
const namesOf = (taken: Taken[]): string =>
  taken.length === 0
    ? 'none'
    : (taken.length > named ? '…, ' : '') +
      taken
        .slice(-named)
        .map(({ step_num, name }) => `${step_num} ${name}`)
        .join(', ');
