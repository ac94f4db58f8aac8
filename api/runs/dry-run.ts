// Tells what a fork would do, without forking: whether it fits, what it takes over, what it does again and at what cost.
import { effectOf } from '../../activities/effects.ts';
import { add, nothing } from '../../activities/spent.ts';
import type { Core } from '../deps.ts';
import type { StepView } from '../events/view.ts';
import { branchAt } from './branch.ts';
import { fitOf } from './check.ts';
import { checkpointId } from './checkpoint-id.ts';
import type { Changes } from './fork-request.ts';
import type { DryRun, StepAgain, StepRef } from './fork-shape.ts';
import { type Taken, takenBy, takenIn } from './fork-steps.ts';
import { sourceView, type SourceView } from './source-view.ts';

export async function dryRun(deps: Core, id: string, changes: Changes | undefined): Promise<DryRun> {
  const branch = await branchAt(deps, id, changes);
  const fit = await fitOf(deps, branch);
  const view = await sourceView(deps, branch.opening);
  const reused = takenBy(takenIn(view), branch.opening.checkpoint);
  const again = againIn(view, reused).map(asAgain);
  return {
    ...fit,
    checkpoint_id: checkpointId(branch.from),
    steps_reused: reused.map(asRef),
    steps_again: again,
    side_effects: again.filter(({ side_effect }) => side_effect !== 'none'),
    children_again: childrenIn(view, reused),
    source_ended: view.ended,
    estimate: again.reduce((sum, { usage }) => add(sum, usage ?? nothing), nothing),
  };
}

/** In flight at the checkpoint or taken after it; of one that was taken several times the last. */
function againIn({ steps }: SourceView, reused: Taken[]): StepView[] {
  const kept = new Set<StepView>(reused);
  const until = timeOf(reused);
  const last = new Map<string, StepView>();
  for (const step of steps) {
    // It failed, or was aborted, before the checkpoint: that is taken over as it was.
    const isPast = step.step_num === null && step.completed_at !== null && step.completed_at <= until;
    if (!kept.has(step) && !isPast) last.set(`${step.timeline}/${step.step}`, step);
  }
  return [...last.values()];
}

const childrenIn = ({ children }: SourceView, reused: Taken[]): DryRun['children_again'] =>
  children
    .filter(({ completed_at }) => completed_at === null || completed_at > timeOf(reused))
    .map(({ run_id, workflow }) => ({ run_id, workflow }));

/** Of the checkpoint: '' at the beginning. */
const timeOf = (reused: Taken[]): string => reused.at(-1)?.completed_at ?? '';

const asRef = ({ step, name, activity, step_num }: StepView): StepRef => ({ step, name, activity, step_num });

const asAgain = (step: StepView): StepAgain => ({
  ...asRef(step),
  side_effect: step.activity === null ? 'none' : effectOf(step.activity, step.input),
  ...(step.usage && { usage: step.usage }),
});
