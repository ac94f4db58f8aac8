// A run's children: begun, and how they ended.
import { faultOf } from '../failure.ts';
import type { Fact } from '../happening.ts';
import type { HistoryEvent } from '../history.ts';
import type { Open } from '../payload.ts';

export async function decodeChild(event: HistoryEvent, open: Open): Promise<Fact | undefined> {
  const started = event.childWorkflowExecutionStartedEventAttributes;
  if (started) {
    const run = started.workflowExecution?.workflowId ?? '';
    const workflow = started.workflowType?.name ?? '';
    return { kind: 'child_started', initiated: Number(started.initiatedEventId), run, workflow };
  }
  const done = event.childWorkflowExecutionCompletedEventAttributes;
  if (done) return { kind: 'child_ended', initiated: Number(done.initiatedEventId), status: 'completed' };
  const cancelled = event.childWorkflowExecutionCanceledEventAttributes;
  if (cancelled) return { kind: 'child_ended', initiated: Number(cancelled.initiatedEventId), status: 'cancelled' };
  const failed = event.childWorkflowExecutionFailedEventAttributes;
  if (failed) {
    const error = await faultOf(failed.failure, open);
    return { kind: 'child_ended', initiated: Number(failed.initiatedEventId), status: 'failed', error };
  }
  const killed = event.childWorkflowExecutionTerminatedEventAttributes;
  if (killed) return childEnded(killed.initiatedEventId, 'terminated', 'terminated');
  const late = event.childWorkflowExecutionTimedOutEventAttributes;
  return late ? childEnded(late.initiatedEventId, 'timed_out', 'timed out') : undefined;
}

function childEnded(initiated: unknown, type: string, message: string): Fact {
  return { kind: 'child_ended', initiated: Number(initiated), status: 'failed', error: { type, message } };
}
