// Compares two runs: what both have from the same history, and then what each did.
import type { Core } from '../deps.ts';
import type { StepView } from '../events/view.ts';
import type { Comparison, Side } from './compare-shape.ts';
import { type Taken, takenIn } from './fork-steps.ts';
import { readRun } from './read.ts';
import type { RunAnswer } from './shape.ts';

/** Throws ApiError 404 for the one that is not there. */
export async function compareRuns(deps: Core, ids: { a: string; b: string }): Promise<Comparison> {
  const [a, b] = await Promise.all([readRun(deps, ids.a), readRun(deps, ids.b)]);
  const [before, after] = [takenIn(a), takenIn(b)];
  const common_steps = commonIn(before, after);
  const [left, right] = [restOf(a, before.slice(0, common_steps)), restOf(b, after.slice(0, common_steps))];
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, i) => ({
    a: left[i] ?? null,
    b: right[i] ?? null,
  }));
  return {
    a: briefOf(a),
    b: briefOf(b),
    common_steps,
    differences: {
      response: a.response_content !== b.response_content,
      tokens: (b.metrics?.total_tokens ?? 0) - (a.metrics?.total_tokens ?? 0),
      duration: round((b.metrics?.duration ?? 0) - (a.metrics?.duration ?? 0)),
      steps: rows,
    },
  };
}

const briefOf = ({ id, status, response_content, metrics }: RunAnswer): Comparison['a'] => ({
  id,
  status,
  response: response_content,
  metrics,
});

function commonIn(a: Taken[], b: Taken[]): number {
  const other = a.findIndex((step, i) => !isSame(step, b[i]));
  return other < 0 ? a.length : other;
}

/**
 * Completed by the same event of the same timeline, whichever run that was; and nobody has edited it in one of them. Of
 * results that are shown nowhere, only the timeline that has them so tells that.
 */
function isSame(a: Taken, b: Taken | undefined): boolean {
  if (b?.checkpoint.timeline !== a.checkpoint.timeline || b.checkpoint.event !== a.checkpoint.event) return false;
  const areShown = a.result !== undefined && b.result !== undefined;
  if (!areShown) return a.checkpoint.within === b.checkpoint.within;
  return JSON.stringify(a.result) === JSON.stringify(b.result);
}

/** Steps in order of completion, then those that have not completed; what was given up before the common ones is past. */
function restOf({ steps }: RunAnswer, common: Taken[]): Side[] {
  const kept = new Set<StepView>(common);
  const until = common.at(-1)?.completed_at ?? '';
  const open = steps.filter(
    ({ step_num, completed_at }) => step_num === null && (completed_at === null || completed_at > until),
  );
  return [...takenIn({ steps }).filter((step) => !kept.has(step)), ...open].map(sideOf);
}

function sideOf(view: StepView): Side {
  const { step, name, activity, status, step_num, input, result, error, usage, started_at, completed_at } = view;
  return {
    step,
    name,
    activity,
    status,
    step_num,
    started_at,
    ...(input !== undefined && { input }),
    ...(result !== undefined && { result }),
    ...(error && { error }),
    ...(usage && { usage }),
    duration: completed_at === null ? null : round((Date.parse(completed_at) - Date.parse(started_at)) / 1000),
  };
}

/** Seconds to the millisecond: a difference of two has more digits than it knows. */
const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
