// What an event tells the code, in the words of sdk-core's activation jobs.
import type { Job } from './batch.ts';
import { childJob } from './child-jobs.ts';
import type { Attributes, HistoryEvent } from './history.ts';
import { pack, packRecord } from './pack.ts';
import { seedOf } from './seed.ts';

/** The events of the commands that later events refer to. */
export type Commanded = ReadonlyMap<number, HistoryEvent>;

/** Undefined for an event that tells the code nothing. */
export function jobOf(event: HistoryEvent, commanded: Commanded): Job | undefined {
  return messageJob(event) ?? stepJob(event, commanded) ?? childJob(event, commanded) ?? externalJob(event, commanded);
}

function messageJob(event: HistoryEvent): Job | undefined {
  const id = Number(event.eventId);
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal) {
    const told = {
      signalName: signal.signalName,
      input: signal.input?.payloads ?? [],
      headers: signal.header?.fields ?? {},
    };
    return { kind: 'signalWorkflow', event: id, told: packRecord(told) };
  }
  const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
  if (update) {
    const { meta, input } = update;
    const told = {
      id: meta?.updateId,
      name: input?.name,
      input: input?.args?.payloads ?? [],
      headers: input?.header?.fields ?? {},
    };
    return { kind: 'doUpdate', event: id, told: packRecord(told) };
  }
  if (event.workflowExecutionCancelRequestedEventAttributes) return { kind: 'cancelWorkflow', event: id, told: {} };
  const failed = event.workflowTaskFailedEventAttributes;
  // A native reset: the timeline goes on with random numbers of its own.
  if (failed?.newRunId && failed.baseRunId)
    return { kind: 'updateRandomSeed', event: id, told: { seed: seedOf(failed.newRunId) } };
  return undefined;
}

function stepJob(event: HistoryEvent, commanded: Commanded): Job | undefined {
  const id = Number(event.eventId);
  const fired = event.timerFiredEventAttributes;
  if (fired) return { kind: 'fireTimer', event: id, of: Number(fired.startedEventId), told: {} };
  const done = event.activityTaskCompletedEventAttributes;
  if (done) return resolved(id, done.scheduledEventId, { completed: { result: done.result?.payloads?.[0] } });
  const failed = event.activityTaskFailedEventAttributes;
  if (failed) return unresolved(id, failed, commanded, 'Activity task failed', failed.failure);
  const late = event.activityTaskTimedOutEventAttributes;
  if (late) return unresolved(id, late, commanded, 'Activity task timed out', late.failure);
  const cancelled = event.activityTaskCanceledEventAttributes;
  if (!cancelled) return undefined;
  const cause = { message: 'Activity cancelled', canceledFailureInfo: { details: cancelled.details } };
  const failure = activityFailure(cancelled, commanded, 'Activity cancelled', cause);
  return resolved(id, cancelled.scheduledEventId, { cancelled: { failure } });
}

const resolved = (event: number, of: unknown, result: object): Job => ({
  kind: 'resolveActivity',
  event,
  of: Number(of),
  told: { result: pack(result) },
});

type Ended = Pick<Attributes<'activityTaskFailedEventAttributes'>, 'scheduledEventId' | 'identity'> & {
  retryState?: unknown;
};

const unresolved = (event: number, ended: Ended, commanded: Commanded, message: string, cause: unknown): Job =>
  resolved(event, ended.scheduledEventId, { failed: { failure: activityFailure(ended, commanded, message, cause) } });

/** As sdk-core wraps it: the failure converter of the SDK reads the activity's type and id. */
function activityFailure(ended: Ended, commanded: Commanded, message: string, cause: unknown) {
  const scheduled = commanded.get(Number(ended.scheduledEventId))?.activityTaskScheduledEventAttributes;
  const activityFailureInfo = {
    activityType: { name: scheduled?.activityType?.name },
    activityId: scheduled?.activityId,
    identity: ended.identity,
    retryState: ended.retryState,
    scheduledEventId: 0,
    startedEventId: 0,
  };
  return { message, cause, activityFailureInfo };
}

function externalJob(event: HistoryEvent, commanded: Commanded): Job | undefined {
  const id = Number(event.eventId);
  const signalled = event.externalWorkflowExecutionSignaledEventAttributes;
  if (signalled)
    return { kind: 'resolveSignalExternalWorkflow', event: id, of: Number(signalled.initiatedEventId), told: {} };
  const unsignalled = event.signalExternalWorkflowExecutionFailedEventAttributes;
  if (unsignalled) {
    const told = { failure: unreached('signal', unsignalled.cause) };
    return { kind: 'resolveSignalExternalWorkflow', event: id, of: Number(unsignalled.initiatedEventId), told };
  }
  const requested = event.externalWorkflowExecutionCancelRequestedEventAttributes;
  const refused = event.requestCancelExternalWorkflowExecutionFailedEventAttributes;
  const ended = requested ?? refused;
  if (!ended) return undefined;
  const of = Number(ended.initiatedEventId);
  // The cancel of a child has no answer of its own: the child's end is it.
  if (commanded.get(of)?.requestCancelExternalWorkflowExecutionInitiatedEventAttributes?.childWorkflowOnly)
    return undefined;
  const told: Job['told'] = refused ? { failure: unreached('cancel', refused.cause) } : {};
  return { kind: 'resolveRequestCancelExternalWorkflow', event: id, of, told };
}

/** sdk-core's words. */
export const notFound = 'because it was not found';

/** 1 is NOT_FOUND: https://github.com/temporalio/api/blob/master/temporal/api/enums/v1/failed_cause.proto */
const unreached = (what: string, cause: number | null | undefined) => ({
  message: `Unable to ${what} external workflow ${(cause ?? 1) === 1 ? notFound : `(cause ${cause})`}`,
  applicationFailureInfo: {},
});
