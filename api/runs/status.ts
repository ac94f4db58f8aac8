// Decides a run's status from what Temporal's describe says of it.
import type { WorkflowExecutionStatusName } from '@temporalio/client';
import type { RunState } from '../../workflows/runtime/messages.ts';

export const statuses = ['queued', 'running', 'paused', 'waiting', 'completed', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof statuses)[number];

/** A step that Temporal has scheduled and that has not ended. */
export interface PendingStep {
  /** True: a worker has it now. */
  started: boolean;
  /** From 1. */
  attempt: number;
}

export interface Described {
  execution: WorkflowExecutionStatusName;
  state: RunState | undefined;
  pending: readonly PendingStep[];
  /** The workflow task that is due or being worked on. */
  task: PendingStep | undefined;
}

/** What describe does not tell and history does. */
export interface Progress {
  /** A workflow task has started. */
  begun: boolean;
  /** A step has completed. */
  advanced: boolean;
}

/** True: `statusOf` needs to know the progress, for the run may still be queued. */
export function maybeQueued({ execution, state, pending, task }: Described): boolean {
  if (execution !== 'RUNNING' || state === 'paused' || state === 'waiting') return false;
  if (task && (task.started || task.attempt > 1)) return false;
  return pending.length > 0 ? pending.every(isUntouched) : task !== undefined;
}

/**
 * Queued: no workflow task has started, or no step has completed and each pending one is still scheduled at attempt 1.
 * History tells a step's start only with its end, so its start is asked of describe.
 */
export function statusOf(described: Described, progress: Progress): RunStatus {
  switch (described.execution) {
    case 'COMPLETED':
      return 'completed';
    case 'CANCELLED':
      return 'cancelled';
    case 'FAILED':
    case 'TERMINATED':
    case 'TIMED_OUT':
      return 'failed';
    case 'PAUSED':
      return 'paused';
    case 'RUNNING':
    case 'CONTINUED_AS_NEW':
    case 'UNSPECIFIED':
    case 'UNKNOWN':
      return openStatus(described, progress);
  }
}

function openStatus(described: Described, { begun, advanced }: Progress): RunStatus {
  if (described.state === 'paused') return 'paused';
  if (described.state === 'waiting') return 'waiting';
  if (!maybeQueued(described)) return 'running';
  return !begun || (described.pending.length > 0 && !advanced) ? 'queued' : 'running';
}

const isUntouched = ({ started, attempt }: PendingStep): boolean => !started && attempt <= 1;

export const isEnded = (status: RunStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled';
