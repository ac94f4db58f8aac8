// Temporal's failures as the two words that clients get: a stable type and a message.
import type { Payload } from '@temporalio/common';
import type { Fault } from './event.ts';
import type { HistoryEvent } from './history.ts';
import type { Open } from './payload.ts';

export type Failure = NonNullable<
  NonNullable<NonNullable<HistoryEvent['activityTaskFailedEventAttributes']>['failure']>
>;

/** The failure itself, without the wrappers that tell through which step or child it came. */
export function rootOf(failure: Failure): Failure {
  let root = failure;
  while ((root.activityFailureInfo || root.childWorkflowExecutionFailureInfo) && root.cause) root = root.cause;
  return root;
}

export async function faultOf(failure: Failure | null | undefined, open: Open): Promise<Fault> {
  if (!failure) return { type: 'unknown', message: 'It failed without saying why.' };
  const root = rootOf(failure);
  const encoded = root.encodedAttributes ? await encodedMessage(root.encodedAttributes, open) : undefined;
  return { type: typeOf(root), message: encoded ?? root.message ?? '' };
}

/** With a codec the message travels as a payload: https://docs.temporal.io/failure-converter */
async function encodedMessage(payload: Payload, open: Open): Promise<string | undefined> {
  try {
    const attributes = await open(payload);
    if (typeof attributes !== 'object' || attributes === null || !('message' in attributes)) return undefined;
    return typeof attributes.message === 'string' ? attributes.message : undefined;
  } catch {
    return undefined;
  }
}

function typeOf(failure: Failure): string {
  if (failure.applicationFailureInfo) return failure.applicationFailureInfo.type || 'Error';
  if (failure.timeoutFailureInfo) return 'timed_out';
  if (failure.canceledFailureInfo) return 'cancelled';
  if (failure.terminatedFailureInfo) return 'terminated';
  if (failure.serverFailureInfo) return 'server';
  return 'Error';
}
