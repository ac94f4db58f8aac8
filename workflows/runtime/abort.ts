// What comes back from a step that was aborted, and what of it is kept.
import type { AttemptRecord, Partial } from '../../activities/attempt.ts';
import { ActivityFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow';

/** What an aborted attempt left behind: its own words if it could still speak, else its last heartbeat. */
export type Left = Partial | AttemptRecord;

/** Undefined when the attempt never began (Temporal's own text stands in the details then) or left nothing. */
export function leftBy(error: unknown): Left | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof CancelledFailure) return asLeft(cause.details?.[0]);
  if (cause instanceof TimeoutFailure) return asLeft(cause.lastHeartbeatDetails);
  return undefined;
}

function asLeft(value: unknown): Left | undefined {
  return isLeft(value) ? value : undefined;
}

function isLeft(value: unknown): value is Left {
  return (
    typeof value === 'object' &&
    value !== null &&
    'spent' in value &&
    'kind' in value &&
    (value.kind === 'partial' || value.kind === 'attempt')
  );
}
