// Sends an Update to a session, which takes a worker, and tells what becomes of it.
import {
  ApplicationFailure,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { sessionWorkflow } from '../../workflows/session/messages.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';

const confirmedWithinMs = 2000;

/** `workflow`: its Workflow Id; absent: of the caller's own. Undefined: there is no such session. Throws ApiError: 409 when it refuses, 503 without a worker or a word in time. */
export async function updateSession<T>(
  deps: Core,
  session_id: string,
  send: (session: WorkflowHandle) => Promise<T>,
  workflow = sessionWorkflow(session_id, deps.owner()),
): Promise<T | undefined> {
  if (!(await deps.workers.present())) throw noWorker();
  const session = deps.client.workflow.getHandle(workflow);
  const ms = Math.max(confirmedWithinMs, deps.config.deadlineMs ?? 0);
  return withDeadline(deps, () => send(session).catch((error: unknown) => explain(session_id, error)), ms);
}

/** Here, for a deadline outside would take a session that is silent for a Temporal that is away. */
function explain(session_id: string, error: unknown): undefined {
  if (error instanceof WorkflowNotFoundError) return undefined;
  if (error instanceof WorkflowUpdateFailedError) throw refused(session_id, error.cause);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw notConfirmed(error);
  throw error;
}

export const noWorker = (): ApiError =>
  new ApiError(503, 'no_worker', 'No worker is there to do it. Start one (npm run worker), and try again.', {
    headers: { 'Retry-After': '5' },
  });

/** The reason is the session's own sentence when it is one of its own; other failures stay inside. */
function refused(session_id: string, cause: unknown): ApiError {
  const failure = cause instanceof ApplicationFailure ? cause : undefined;
  if (failure?.type === 'SessionBusy')
    return new ApiError(409, 'session_busy', `Session '${session_id}': ${failure.message}`);
  if (failure?.type === 'SessionFull')
    return new ApiError(409, 'session_full', `Session '${session_id}': ${failure.message}`);
  if (failure?.type === 'NotNewest')
    return new ApiError(409, 'not_newest', `Session '${session_id}': ${failure.message}`);
  if (failure?.type === 'TurnTaken') return new ApiError(409, 'idempotency_key_reused', failure.message);
  return new ApiError(409, 'session_refused', `Session '${session_id}' cannot take it.`, { cause });
}

export const notConfirmed = (cause: unknown): ApiError =>
  new ApiError(
    503,
    'turn_not_confirmed',
    'The session did not confirm it in time. It may still be taken: send a message again with the same Idempotency-Key.',
    { headers: { 'Retry-After': '2' }, cause },
  );
