// How a timeline ends.
import { faultOf } from '../failure.ts';
import type { Fact } from '../happening.ts';
import type { HistoryEvent } from '../history.ts';
import { openFirst, type Open } from '../payload.ts';

export async function decodeEnd(event: HistoryEvent, open: Open): Promise<Fact | undefined> {
  const done = event.workflowExecutionCompletedEventAttributes;
  if (done) {
    const result = await openFirst(done.result, open);
    return { kind: 'ended', how: 'completed', result, next: done.newExecutionRunId || undefined };
  }
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed) {
    const error = await faultOf(failed.failure, open);
    return { kind: 'ended', how: 'failed', error, next: failed.newExecutionRunId || undefined };
  }
  const late = event.workflowExecutionTimedOutEventAttributes;
  if (late) {
    const error = { type: 'timed_out', message: 'timed out' };
    return { kind: 'ended', how: 'failed', error, next: late.newExecutionRunId || undefined };
  }
  if (event.workflowExecutionCanceledEventAttributes) return { kind: 'ended', how: 'cancelled', next: undefined };
  if (event.workflowExecutionTerminatedEventAttributes) {
    const error = { type: 'terminated', message: 'terminated' };
    return { kind: 'ended', how: 'failed', error, next: undefined };
  }
  const continued = event.workflowExecutionContinuedAsNewEventAttributes;
  if (!continued) return undefined;
  return { kind: 'ended', how: 'continued', next: continued.newExecutionRunId || undefined };
}
