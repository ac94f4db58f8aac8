// A step's events: taken, begun, and how it came out.
import { faultOf, rootOf } from '../failure.ts';
import type { Fact } from '../happening.ts';
import type { HistoryEvent } from '../history.ts';
import { openFirst, openPayload, shownBytes, valueOf, type Open } from '../payload.ts';

export async function decodeStep(event: HistoryEvent, open: Open): Promise<Fact | undefined> {
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (scheduled) {
    const activity = scheduled.activityType?.name ?? '';
    const summary = event.userMetadata?.summary;
    const name = summary ? valueOf(await openPayload(open, summary)) : undefined;
    return {
      kind: 'step_scheduled',
      step: scheduled.activityId ?? '',
      activity,
      name: typeof name === 'string' && name !== '' ? name : activity,
      input: await openFirst(scheduled.input, open, shownBytes),
    };
  }
  const requested = event.activityTaskCancelRequestedEventAttributes;
  if (requested) return { kind: 'step_cancel_requested', scheduled: Number(requested.scheduledEventId) };
  const begun = event.activityTaskStartedEventAttributes;
  if (begun) return { kind: 'step_begun', scheduled: Number(begun.scheduledEventId), attempt: begun.attempt ?? 1 };
  return decodeOutcome(event, open);
}

async function decodeOutcome(event: HistoryEvent, open: Open): Promise<Fact | undefined> {
  const done = event.activityTaskCompletedEventAttributes;
  if (done) {
    const result = await openFirst(done.result, open);
    return { kind: 'step_completed', scheduled: Number(done.scheduledEventId), result };
  }
  const failed = event.activityTaskFailedEventAttributes;
  if (failed) {
    const error = await faultOf(failed.failure, open);
    return { kind: 'step_failed', scheduled: Number(failed.scheduledEventId), error };
  }
  const late = event.activityTaskTimedOutEventAttributes;
  if (late) {
    const heartbeat = late.failure ? rootOf(late.failure).timeoutFailureInfo?.lastHeartbeatDetails : undefined;
    return {
      kind: 'step_timed_out',
      scheduled: Number(late.scheduledEventId),
      error: await faultOf(late.failure, open),
      left: valueOf(await openFirst(heartbeat, open)),
    };
  }
  const cancelled = event.activityTaskCanceledEventAttributes;
  if (!cancelled) return undefined;
  const left = valueOf(await openFirst(cancelled.details, open));
  return { kind: 'step_cancelled', scheduled: Number(cancelled.scheduledEventId), left };
}
