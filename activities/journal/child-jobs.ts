// What an event tells the code of a child.
import type { Job } from './batch.ts';
import type { Attributes, HistoryEvent } from './history.ts';
import type { Commanded } from './jobs.ts';
import { pack, packRecord } from './pack.ts';

export function childJob(event: HistoryEvent, commanded: Commanded): Job | undefined {
  return startJob(event) ?? endJob(event, commanded);
}

function startJob(event: HistoryEvent): Job | undefined {
  const id = Number(event.eventId);
  const started = event.childWorkflowExecutionStartedEventAttributes;
  if (started) {
    const told = packRecord({ succeeded: { runId: started.workflowExecution?.runId } });
    return { kind: 'resolveChildWorkflowExecutionStart', event: id, of: Number(started.initiatedEventId), told };
  }
  const refused = event.startChildWorkflowExecutionFailedEventAttributes;
  if (!refused) return undefined;
  const { workflowId, workflowType, initiatedEventId } = refused;
  // 1: a workflow of this id was running. It is the only cause that Temporal has.
  const told = packRecord({ failed: { workflowId, workflowType: workflowType?.name, cause: 1 } });
  return { kind: 'resolveChildWorkflowExecutionStart', event: id, of: Number(initiatedEventId), told };
}

type Ended = Pick<
  Attributes<'childWorkflowExecutionFailedEventAttributes'>,
  'initiatedEventId' | 'namespace' | 'workflowExecution' | 'workflowType'
> & { retryState?: unknown };

function endJob(event: HistoryEvent, commanded: Commanded): Job | undefined {
  const id = Number(event.eventId);
  const done = event.childWorkflowExecutionCompletedEventAttributes;
  if (done) return ended(id, done, { completed: { result: done.result?.payloads?.[0] } });
  const failed = event.childWorkflowExecutionFailedEventAttributes;
  if (failed) return failedJob(id, failed, 'failed', failed.failure);
  const late = event.childWorkflowExecutionTimedOutEventAttributes;
  if (late)
    return failedJob(id, late, 'timed out', { message: 'Workflow execution timed out', timeoutFailureInfo: {} });
  const killed = event.childWorkflowExecutionTerminatedEventAttributes;
  if (killed) return failedJob(id, killed, 'terminated', { message: 'Terminated', terminatedFailureInfo: {} });
  const cancelled = event.childWorkflowExecutionCanceledEventAttributes;
  if (!cancelled || !commanded.has(Number(cancelled.initiatedEventId))) return undefined;
  const cause = { message: 'Workflow cancelled', canceledFailureInfo: { details: cancelled.details } };
  return ended(id, cancelled, { cancelled: { failure: childFailure(cancelled, 'cancelled', cause) } });
}

const ended = (event: number, { initiatedEventId }: Ended, result: object): Job => ({
  kind: 'resolveChildWorkflowExecution',
  event,
  of: Number(initiatedEventId),
  told: { result: pack(result) },
});

const failedJob = (event: number, child: Ended, how: string, cause: unknown): Job =>
  ended(event, child, { failed: { failure: childFailure(child, how, cause) } });

const childFailure = (
  { namespace, workflowExecution, workflowType, retryState }: Ended,
  how: string,
  cause: unknown,
) => ({
  message: `Child Workflow execution ${how}`,
  cause,
  childWorkflowExecutionFailureInfo: { namespace, workflowExecution, workflowType, retryState },
});
