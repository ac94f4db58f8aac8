// What a session has done for it outside, and what becomes of it that cannot be done.
import { ActivityFailure, isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { SessionActivities } from '../../activities/session/turn.ts';
import { journalQueue } from '../runtime/messages.ts';
import type { SessionState } from './state.ts';

/** An hour of them: what cannot be done by then is left, or one turn would hold up all others for ever. */
const mostTries = 360;

export type Work = ReturnType<typeof openWork>;

export const openWork = ({ pace }: SessionState) =>
  proxyActivities<SessionActivities>({
    taskQueue: journalQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '10s',
    retry: { initialInterval: '200ms', maximumInterval: '10s', maximumAttempts: pace?.tries ?? mostTries },
  });

export async function orLeave<T, Left>(work: Promise<T>, left: Left): Promise<T | Left> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ActivityFailure && !isCancellation(error)) return left;
    throw error;
  }
}
