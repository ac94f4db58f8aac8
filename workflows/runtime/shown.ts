// What a run shows of itself without being asked: search attributes and memo, written only when they change.
import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { SearchAttributePair } from '@temporalio/common';
import { attributes, type RunState } from './messages.ts';
import type { Run } from './run.ts';

/** A run started by CLI or schedule lacks what the API would have set: its first task adds it. */
export function introduce(): void {
  const { typedSearchAttributes: has, workflowId, startTime } = workflowInfo();
  const lacking: SearchAttributePair[] = [];
  if (has.get(attributes.Kind) === undefined) lacking.push({ key: attributes.Kind, value: 'run' });
  if (has.get(attributes.RunState) === undefined) lacking.push({ key: attributes.RunState, value: 'running' });
  if (has.get(attributes.RootRun) === undefined)
    lacking.push({ key: attributes.RootRun, value: workflowId.slice(0, 255) });
  if (has.get(attributes.CreatedAt) === undefined) lacking.push({ key: attributes.CreatedAt, value: startTime });
  if (lacking.length > 0) upsertSearchAttributes(lacking);
}

/** Keeps RunState and memo `waiting_for` equal to the run's view. */
export function createShown(): (run: Run) => void {
  let state: RunState = 'running';
  let waiting = '';
  return (run) => {
    const view = run.view();
    const ids = view.waiting_for.map((wait) => wait.waiting_id).join();
    if (ids !== waiting) upsertMemo({ waiting_for: view.waiting_for });
    if (view.state !== state) upsertSearchAttributes([{ key: attributes.RunState, value: view.state }]);
    waiting = ids;
    state = view.state;
  };
}
