// Gives a session a message; the session itself says which turn it is.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApplicationFailure,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { sessionWorkflow, turn, type TurnAccepted, type TurnRequest } from '../../workflows/session/messages.ts';
import { grpc, grpcCode, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';

/** The session itself takes it: that takes a worker. */
const confirmedWithinMs = 2000;

/** Undefined: there is no such session. Throws ApiError: 409 when the session refuses, 503 without a worker. */
export async function sendTurn(
  deps: Core,
  session_id: string,
  request: TurnRequest,
): Promise<TurnAccepted | undefined> {
  if (!(await deps.workers.present())) throw noWorker();
  const session = deps.client.workflow.getHandle(sessionWorkflow(session_id));
  const ms = Math.max(confirmedWithinMs, deps.config.deadlineMs ?? 0);
  // Sent again under the same id it is the same turn; with a key's other request the session has to see it.
  const updateId = [request.run_id, request.request].join(':');
  const sending = () => session.executeUpdate(turn, { args: [request], updateId });
  try {
    return await deps.updates.take(session_id, () => untilTaken(() => withDeadline(deps, () => orBusy(sending), ms)));
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw refused(session_id, error.cause);
    if (error instanceof WorkflowNotFoundError) return undefined;
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw notConfirmed(error);
    throw error;
  }
}

/** Temporal lets so many Updates of one workflow be under way at once (history.maxInFlightUpdates): ten, over all processes. */
export const updatesAtOnce = 8;
/** Temporal that says busy is there: it is asked for longer. */
const longestBusyMs = 10_000;

type Busy = 'busy';

async function orBusy<T>(sending: () => Promise<T>): Promise<T | Busy> {
  try {
    return await sending();
  } catch (error) {
    if (grpcCode(error) === grpc.resourceExhausted) return 'busy';
    throw error;
  }
}

async function untilTaken(sending: () => Promise<TurnAccepted | Busy>): Promise<TurnAccepted> {
  const end = Date.now() + longestBusyMs;
  for (;;) {
    const sent = await sending();
    if (sent !== 'busy') return sent;
    if (Date.now() > end) throw notConfirmed(undefined);
    await sleep(20 + Math.random() * 60);
  }
}

export const noWorker = (): ApiError =>
  new ApiError(503, 'no_worker', 'No worker is there to do it. Start one (npm run worker), and try again.', {
    headers: { 'Retry-After': '5' },
  });

/** The reason is the session's own sentence when it is one of its own; other failures stay inside. */
export function refused(session_id: string, cause: unknown): ApiError {
  const failure = cause instanceof ApplicationFailure ? cause : undefined;
  if (failure?.type === 'SessionBusy')
    return new ApiError(409, 'session_busy', `Session '${session_id}': ${failure.message}`);
  if (failure?.type === 'SessionFull')
    return new ApiError(409, 'session_full', `Session '${session_id}': ${failure.message}`);
  if (failure?.type === 'TurnTaken') return new ApiError(409, 'idempotency_key_reused', failure.message);
  return new ApiError(409, 'session_refused', `Session '${session_id}' cannot take it.`, { cause });
}

export const notConfirmed = (cause: unknown): ApiError =>
  new ApiError(
    503,
    'turn_not_confirmed',
    'The session did not confirm the message in time. It may still be taken: send it again with the same Idempotency-Key.',
    { headers: { 'Retry-After': '2' }, cause },
  );
