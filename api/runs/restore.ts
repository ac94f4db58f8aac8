// Rewinds a run in place: the same run goes on from one of its checkpoints.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type WorkflowExecutionDescription,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type WorkflowStartOptions,
} from '@temporalio/client';
import type { Opening } from '../../activities/journal/batch.ts';
import type { Spent } from '../../activities/spent.ts';
import { attributes, type MemoKey, restore as signal } from '../../workflows/runtime/messages.ts';
import { longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { type Branch, branchAt, ownCheckpoint } from './branch.ts';
import { fitOf } from './check.ts';
import { describe } from './describe.ts';
import { type NewRun } from './fork.ts';
import type { Changes } from './fork-request.ts';
import { begunOf, checkpointNotFound } from './fork-source.ts';
import { type Beginning, keptAttributes, startWith } from './opening-start.ts';
import { readStatus } from './progress.ts';
import { viewOf } from './read.ts';
import { isEnded, type RunStatus } from './status.ts';

export interface InPlace {
  force?: boolean;
  modifications?: Changes;
}

/** An active run that does not answer within this time is started anew instead. */
const answeredWithinMs = 5_000;

/** Throws ApiError: 404, 409 for a run that is active or has a parent, or when it would not fit: then nothing has changed. */
export async function restoreInPlace(deps: Core, id: string, { force, modifications }: InPlace): Promise<NewRun> {
  const branch = await branchAt(deps, id, modifications);
  const { run } = branch.from;
  // Of a run that is gone only a descendant is left, and that is another run.
  if (branch.owner.workflowId !== run) throw checkpointNotFound(id);
  await withDeadline(deps, () => requireFree(deps, branch.owner, force));
  const fit = await fitOf(deps, branch);
  if (!fit.fits) throw new ApiError(409, 'does_not_fit', `${cannot(run)}: ${fit.reason} Nothing has changed.`);
  const timeline = await goOn(deps, branch, force);
  return { new_run_id: run, checkpoint_id: ownCheckpoint(branch, run, timeline) };
}

/** A timeline may end at any moment: so often is looked anew what to do. */
const looks = 3;

/** Returns the Temporal Run Id of the timeline in which it does. */
async function goOn(deps: Core, branch: Branch, force: boolean | undefined): Promise<string> {
  const { run } = branch.from;
  for (let look = 0; look < looks; look++) {
    const owner = (await withDeadline(deps, () => describe(deps, run))) ?? branch.owner;
    const status = await withDeadline(deps, () => requireFree(deps, owner, force));
    const now = { ...branch, owner };
    if (isEnded(status)) return startAgain(deps, now, status);
    const heard = await asked(deps, now);
    if (heard.kind === 'goes_on') return heard.timeline;
    if (heard.kind === 'never')
      return startAgain(deps, now, 'failed', { workflowIdConflictPolicy: 'TERMINATE_EXISTING' });
  }
  throw active(run, 'running');
}

async function requireFree(deps: Core, owner: WorkflowExecutionDescription, force = false): Promise<RunStatus> {
  const { workflowId: run, parentExecution } = owner;
  if (parentExecution) {
    const why = `it was started by run '${parentExecution.workflowId}', which waits for it. Fork it instead`;
    throw new ApiError(409, 'has_parent', `${cannot(run)}: ${why}.`);
  }
  const status = await readStatus(deps, owner);
  if (isEnded(status) || force) return status;
  throw active(run, status);
}

const active = (run: string, status: RunStatus): ApiError =>
  new ApiError(409, 'run_open', `${cannot(run)}: it is ${status}. With "force": true its steps are aborted first.`);

const cannot = (run: string): string => `Cannot restore run '${run}' in place`;

async function asked(deps: Core, { owner, opening, args }: Branch): Promise<Heard> {
  const { workflowId: run, runId: timeline } = owner;
  const given = await withDeadline(deps, () => begunOf(deps, { run, timeline }));
  const others = JSON.stringify(given?.args) !== JSON.stringify(args);
  const to: Opening = { kind: 'restore', ...opening, ...(others && { args }) };
  try {
    await withDeadline(deps, () => deps.client.workflow.getHandle(run, timeline).signal(signal, to));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'too_late' };
    throw error;
  }
  deps.hub?.hintAbort(run);
  for (const end = Date.now() + answeredWithinMs; Date.now() < end; await sleep(50)) {
    const now = await withDeadline(deps, () => describe(deps, run));
    if (now && now.runId !== timeline) return { kind: 'goes_on', timeline: now.runId };
    if (now?.closeTime) return { kind: 'too_late' };
  }
  return { kind: 'never' };
}

/** `timeline`: the new one. `too_late`: the run had ended before it could hear. */
type Heard = { kind: 'goes_on'; timeline: string } | { kind: 'too_late' } | { kind: 'never' };

/** Under the same id. The record of the timeline before stays, and this one's says how that had ended. */
async function startAgain(
  deps: Core,
  branch: Branch,
  superseded: RunStatus,
  more: Partial<WorkflowStartOptions> = {},
): Promise<string> {
  const { owner, from, opening } = branch;
  const { usage, waste } = await longRead(deps, () => viewOf(deps, from.run));
  const account: { usage: Spent; waste: Spent } = { usage, waste };
  const memo: Partial<Record<MemoKey, unknown>> = { ...owner.memo };
  // Of the timeline that is left.
  for (const key of ['fork', 'waiting_for', 'limits_now'] satisfies MemoKey[]) delete memo[key];
  const beginning: Beginning = {
    id: from.run,
    // What is read may be an earlier timeline: the one that is left is known by this alone.
    opening: { kind: 'restore', ...opening, account, from: owner.runId },
    memo,
    attributes: [...keptAttributes(owner), { key: attributes.SupersededState, value: superseded }],
    details: `Restored to event ${from.event} of timeline \`${from.timeline}\`.`,
  };
  try {
    return await withDeadline(deps, () =>
      startWith(deps, branch, beginning, { workflowIdReusePolicy: 'ALLOW_DUPLICATE', ...more }),
    );
  } catch (error) {
    // Another request was first.
    throw error instanceof WorkflowExecutionAlreadyStartedError ? active(from.run, 'running') : error;
  }
}
