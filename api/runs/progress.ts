// How far a run has come that may still be queued: the beginning of its history tells.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { answerSignal } from '../../workflows/runtime/messages.ts';
import type { Core } from '../deps.ts';
import { asDescribed } from './describe.ts';
import { maybeQueued, type Progress, type RunStatus, statusOf } from './status.ts';

/** Of a run that is surely not queued, nothing needs to be read. */
const beyond: Progress = { begun: true, advanced: true };

/** The run's status, read from its history only where describe alone does not decide. */
export async function readStatus(deps: Core, description: WorkflowExecutionDescription): Promise<RunStatus> {
  const described = asDescribed(description);
  return statusOf(described, maybeQueued(described) ? await readProgress(deps, description) : beyond);
}

/** A run this long has advanced: 200 steps at once, its signals and its own tasks take fewer events. */
const eventsRead = 1000;

async function readProgress({ client, namespace }: Core, run: WorkflowExecutionDescription): Promise<Progress> {
  if (run.historyLength > eventsRead) return beyond;
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: { workflowId: run.workflowId, runId: run.runId },
    maximumPageSize: eventsRead,
  });
  const events = history?.events ?? [];
  return {
    begun: events.some((event) => event.workflowTaskStartedEventAttributes),
    advanced: events.some(
      (event) =>
        event.activityTaskCompletedEventAttributes ??
        event.workflowExecutionUpdateAcceptedEventAttributes ??
        event.workflowExecutionSignaledEventAttributes?.signalName === answerSignal.name,
    ),
  };
}
