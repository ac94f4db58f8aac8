// What a run shows of itself without being asked: search attributes and memo, written only when they change.
import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { changed } from './limits.ts';
import { attributes, type RunState, type WaitingFor } from './messages.ts';
import type { Run } from './run.ts';

/** A run started by CLI or schedule lacks what the API would have set: its first task adds it. */
export function introduce(): void {
  const { typedSearchAttributes: has, workflowId, startTime } = workflowInfo();
  const { Kind, RunState, RootRun, CreatedAt } = attributes;
  const keys = [Kind, RunState, RootRun, CreatedAt];
  if (keys.every((key) => has.get(key) !== undefined)) return;
  // All four in one: a journal knows this command by them, and leaves it out.
  upsertSearchAttributes([
    { key: Kind, value: has.get(Kind) ?? 'run' },
    { key: RunState, value: has.get(RunState) ?? 'running' },
    { key: RootRun, value: has.get(RootRun) ?? workflowId.slice(0, 255) },
    { key: CreatedAt, value: has.get(CreatedAt) ?? startTime },
  ]);
}

/** Keeps RunState and memos `waiting_for` and `limits_now` equal to the run's view. */
export function createShown(): (run: Run, anew?: boolean) => void {
  let state: RunState = 'running';
  let waiting = '';
  let limits = JSON.stringify(changed(undefined, workflowInfo().memo?.['limits']) ?? null);
  return (run, anew = false) => {
    const view = run.view();
    const ids = view.waiting_for.map((wait) => wait.waiting_id).join();
    if (anew || ids !== waiting) upsertMemo({ waiting_for: view.waiting_for.map(shortened) });
    if (anew || view.state !== state) upsertSearchAttributes([{ key: attributes.RunState, value: view.state }]);
    const bound = JSON.stringify(view.limits);
    if (bound !== limits || (anew && view.limits)) upsertMemo({ limits_now: view.limits });
    limits = bound;
    waiting = ids;
    state = view.state;
  };
}

/** All are written whenever one comes or goes, and a hundred may wait: behind the first few there is only what tells them apart. */
const shownInFull = 10;
const brief = 200;

function shortened(wait: WaitingFor, n: number): WaitingFor {
  if (n < shownInFull) return wait;
  const { args: _, question, ...rest } = wait;
  return { ...rest, question: question.length <= brief ? question : `${question.slice(0, brief)}…` };
}
