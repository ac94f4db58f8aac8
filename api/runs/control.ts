// Pause, resume and cancel: the run's state is checked first, then it gets the signal that the CLI would send.
import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import * as messages from '../../workflows/runtime/messages.ts';
import type { PauseMode, ResumeAction, RunState } from '../../workflows/runtime/messages.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { asDescribed, requireRun } from './describe.ts';
import { readStatus } from './progress.ts';
import { isEnded, type RunStatus } from './status.ts';

export type Control =
  { kind: 'pause'; mode: PauseMode } | { kind: 'resume'; action: ResumeAction } | { kind: 'cancel' };

/** The run's status after it took the message, or before when it did not take it within a quarter of a second. */
export async function control(deps: Core, id: string, wanted: Control): Promise<RunStatus> {
  return withDeadline(deps, async () => {
    const run = await requireOpen(deps, id, wanted.kind);
    const why = objection(run, wanted);
    if (why !== undefined) throw wrongState(id, wanted.kind, why);
    try {
      await send(deps, id, wanted);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      // It ended in between: say how.
      await requireOpen(deps, id, wanted.kind);
      throw error;
    }
    if (aborts(wanted)) deps.hub?.hintAbort(id);
    return statusSoon(deps, id);
  });
}

/** A worker that is there takes the message within milliseconds. */
export async function statusSoon(deps: Core, id: string): Promise<RunStatus> {
  for (let asked = 1; ; asked++) {
    const run = await requireRun(deps, id);
    if (asked === 10 || !asDescribed(run).task) return readStatus(deps, run);
    await sleep(25);
  }
}

const aborts = (wanted: Control): boolean =>
  wanted.kind === 'cancel' || (wanted.kind === 'pause' && wanted.mode === 'now');

async function send({ client }: Core, id: string, wanted: Control): Promise<void> {
  const handle = client.workflow.getHandle(id);
  switch (wanted.kind) {
    case 'pause':
      return handle.signal(messages.pause, wanted.mode);
    case 'resume':
      return handle.signal(messages.resume, wanted.action);
    case 'cancel':
      await handle.cancel();
  }
}

/** Throws ApiError 400, as control routes do for an unknown run and for one that has ended. */
export async function requireOpen(deps: Core, id: string, doing: string): Promise<WorkflowExecutionDescription> {
  const run = await requireRun(deps, id).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    throw new ApiError(400, 'run_not_found', `Cannot ${doing} run '${id}': ${error.message}`);
  });
  const status = await readStatus(deps, run);
  if (isEnded(status)) throw wrongState(id, doing, `it is already ${status}`);
  return run;
}

const wrongState = (id: string, doing: string, why: string): ApiError =>
  new ApiError(400, 'wrong_state', `Cannot ${doing} run '${id}': ${why}`);

/** Throws ApiError 400. */
export function requireUncancelled(run: WorkflowExecutionDescription, doing: string): void {
  if (run.raw.workflowExtendedInfo?.cancelRequested) throw wrongState(run.workflowId, doing, 'it is being cancelled');
}

/** Why the message makes no sense now; undefined: it does. */
function objection(run: WorkflowExecutionDescription, wanted: Control): string | undefined {
  const { state, task } = asDescribed(run);
  if (run.raw.workflowExtendedInfo?.cancelRequested) return 'it is being cancelled';
  switch (wanted.kind) {
    case 'pause':
      return againstPause(state, wanted.mode);
    case 'resume':
      // With a task due, a pause may be on its way that the run has not taken yet.
      return state === 'paused' || state === 'stopping' || task ? undefined : 'it is not paused';
    case 'cancel':
      return undefined;
  }
}

function againstPause(state: RunState | undefined, mode: PauseMode): string | undefined {
  if (state === 'paused') return 'it is paused already';
  // A pause that waits for a step in flight may be made one that aborts it.
  if (state === 'stopping' && mode === 'drain') return 'it is being paused already';
  return undefined;
}
