// Why an open run cannot proceed, if it cannot, and what to do about it.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { asDescribed } from './describe.ts';
import type { RunStatus } from './status.ts';

export const problemTypes = ['workflow_task_failing', 'no_worker', 'stored_payload_missing'] as const;

export interface Problem {
  type: (typeof problemTypes)[number];
  /** ISO-8601 UTC. */
  since: string;
  what_to_do: string;
}

/** Set by the server itself: https://docs.temporal.io/search-attribute#default-search-attribute */
const reportedProblems = defineSearchAttributeKey('TemporalReportedProblems', SearchAttributeType.KEYWORD_LIST);
/** The first tries may fail of a worker that is being replaced. */
const triesUntilProblem = 3;

/** Undefined: none. Asks `workerPresent` only for a run that needs a worker now. */
export async function problemOf(
  run: WorkflowExecutionDescription,
  status: RunStatus,
  workerPresent: () => Promise<boolean>,
): Promise<Problem | undefined> {
  if (run.status.name !== 'RUNNING') return undefined;
  if (isFailing(run)) return failing(run);
  if (needsWorker(run, status) && !(await workerPresent())) return noWorker(run);
  return undefined;
}

function isFailing({ raw, typedSearchAttributes }: WorkflowExecutionDescription): boolean {
  const reported = typedSearchAttributes.get(reportedProblems) ?? [];
  return reported.length > 0 || (raw.pendingWorkflowTask?.attempt ?? 0) > triesUntilProblem;
}

/** A run that waits for a person or for its resume proceeds with a message; until then nobody is missed. */
function needsWorker(run: WorkflowExecutionDescription, status: RunStatus): boolean {
  return asDescribed(run).task !== undefined || status === 'queued' || status === 'running';
}

function failing(run: WorkflowExecutionDescription): Problem {
  return {
    type: 'workflow_task_failing',
    since: sinceTask(run),
    what_to_do:
      "The workflow's code throws, or does not fit what the run has done so far. The worker's log and the run's history " +
      'in the Temporal Web UI have the error. Deploy code that fits: the run is tried again and goes on by itself.',
  };
}

function noWorker(run: WorkflowExecutionDescription): Problem {
  return {
    type: 'no_worker',
    since: sinceTask(run),
    what_to_do: 'No worker polls for this run. Start one (npm start, or npm run worker): the run goes on by itself.',
  };
}

function sinceTask({ raw, startTime }: WorkflowExecutionDescription): string {
  const task = raw.pendingWorkflowTask;
  const seconds = (task?.originalScheduledTime ?? task?.scheduledTime ?? raw.pendingActivities?.[0]?.scheduledTime)
    ?.seconds;
  return (seconds ? new Date(Number(seconds) * 1000) : startTime).toISOString();
}
