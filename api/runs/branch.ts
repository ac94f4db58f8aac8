// What a fork, a restore and a dry run have in common: a checkpoint, another run's history up to it, and what is changed.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Edit, Opening } from '../../activities/journal/batch.ts';
import { taskTimeoutMs } from '../../workflows/runtime/journal/rollover.ts';
import { requireFunction } from '../auth/function.ts';
import { requireSession } from '../auth/session.ts';
import { find } from '../catalogue.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { checkpointId, type CheckpointRef, readCheckpointId } from './checkpoint-id.ts';
import { locateCheckpoint } from './fork-locate.ts';
import type { Changes } from './fork-request.ts';
import { type Begun, begunOf, checkpointNotFound, type Located, ownerOf } from './fork-source.ts';
import { editsOf, type StepEdit, takenBy, takenIn } from './fork-steps.ts';
import { changesInput, modified } from './modifications.ts';
import { sourceView } from './source-view.ts';

export interface Branch {
  /** Where it begins; of edits the last edited step. */
  from: CheckpointRef;
  /** The run whose checkpoint that is; or a descendant that was served it. */
  owner: WorkflowExecutionDescription;
  begun: Begun;
  /** As recorded, or changed. */
  args: unknown[];
  opening: Omit<Opening, 'kind'> & Located;
  /** Of a workflow task: a cold worker replays all that is served within one. */
  taskTimeoutMs: number;
}

/** Throws ApiError: 404 for a checkpoint that is not there, 422 for changes that the run cannot take. */
export async function branchAt(deps: Core, id: string, changes: Changes = {}): Promise<Branch> {
  return branchFrom(deps, await findPoint(deps, id), changes);
}

async function findPoint(deps: Core, id: string): Promise<Found> {
  const ref = readCheckpointId(id);
  const located = ref && (await locateCheckpoint(deps, ref));
  if (!ref || !located) throw checkpointNotFound(id);
  const [owner, begun] = await withDeadline(deps, () =>
    Promise.all([ownerOf(deps, ref, located), begunOf(deps, located.source)]),
  );
  if (!owner || !begun) throw checkpointNotFound(id);
  return { ref, located, owner, begun };
}

interface Found {
  ref: CheckpointRef;
  located: Located;
  owner: WorkflowExecutionDescription;
  begun: Begun;
}

async function branchFrom(deps: Core, { ref, located, owner, begun }: Found, changes: Changes): Promise<Branch> {
  const args = await changedArgs(deps, begun, changes);
  const edits = await editsAt(deps, located, changes);
  const from = edits.at(-1)?.checkpoint ?? ref;
  const { timeline, event, within } = from;
  const checkpoint = { timeline, event };
  return {
    from: { run: ref.run, ...checkpoint, ...(within !== undefined && { within }) },
    owner,
    begun,
    args,
    opening: { source: located.source, checkpoint, ...(edits.length > 0 && { edits: edits.map(asEdit) }) },
    taskTimeoutMs: taskTimeoutMs(mostSteps(begun, checkpoint.event)),
  };
}

async function changedArgs(deps: Core, { workflow, args }: Begun, changes: Changes): Promise<unknown[]> {
  if (!changesInput(changes)) return args;
  const entry = find(deps.catalogue, workflow);
  const input = await modified({ workflow, entry }, args[0], changes);
  if (entry) requireSession(deps, entry, input);
  if (entry) await requireFunction(deps, entry, input);
  return [input, ...args.slice(1)];
}

async function editsAt(deps: Core, located: Located, { steps }: Changes): Promise<StepEdit[]> {
  if (!steps || Object.keys(steps).length === 0) return [];
  return editsOf(takenBy(takenIn(await sourceView(deps, located)), located.checkpoint), steps);
}

const asEdit = ({ checkpoint: { timeline, event }, result }: StepEdit): Edit => ({ timeline, event, result });

/** A step leaves three events, and the timeline's own limit tells how many it was served. No history is read for it. */
function mostSteps({ taskTimeoutMs: served }: Begun, event: number): number {
  return (served > taskTimeoutMs(0) ? served / 5 : 0) + event / 3;
}

/** The same point as the timeline's own that was opened with it: what was edited, others have otherwise. */
export function ownCheckpoint({ from, opening }: Branch, run: string, timeline: string): string {
  const isEdited = opening.edits !== undefined || from.within !== undefined;
  return checkpointId({ ...from, run, within: isEdited ? timeline : undefined });
}
