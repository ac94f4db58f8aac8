// One taking of a step: what the activity is told of it, how it is aborted, and what its end means then.
import { CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow';
import type { ActivityInput } from '@temporalio/workflow';
import { ActivityCancellationType, defaultPayloadConverter } from '@temporalio/common';
import type { GateHeader, gateHeaderName, Partial } from '../../activities/attempt.ts';
import { nextActivitySeq } from './sdk.ts';

const header: typeof gateHeaderName = 'waymark';

export interface Flight {
  step: string;
  name: string;
  scope: CancellationScope;
  /** Set by a pause `now`: whatever comes back but a result is an aborted attempt, never a failure of the run. */
  aborted: boolean;
}

export const createFlight = (step: string, name: string): Flight => ({
  step,
  name,
  scope: new CancellationScope(),
  aborted: false,
});

export function abort(flight: Flight): void {
  flight.aborted = true;
  flight.scope.cancel();
}

/**
 * A new seq from the second round on, the same Activity Id always: streams know the step by it.
 * @param left by the round before, which this one goes on from
 */
export function forRound(input: ActivityInput, step: string, round: number, left: Partial | undefined): ActivityInput {
  const told: GateHeader = { round, resumed: words(left) };
  return {
    ...input,
    seq: round === 0 ? input.seq : nextActivitySeq(),
    headers: { ...input.headers, [header]: defaultPayloadConverter.toPayload(told) },
    options: {
      heartbeatTimeout: '2500ms',
      ...input.options,
      activityId: step,
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    },
  };
}

function words(left: Partial | undefined): GateHeader['resumed'] {
  if (left === undefined || left.text === '') return undefined;
  return { text: left.text, response_id: left.response_id, sequence: left.sequence };
}

/** The worker may have died or the model failed in the moment of the cancel: the run ends cancelled all the same. */
export function asCancelled(error: unknown, { name }: Flight): unknown {
  return isCancellation(error) ? error : new CancelledFailure(`Step ${name} was in flight when the run was cancelled.`);
}
