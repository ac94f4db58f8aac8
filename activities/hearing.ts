// An attempt that takes a step again, or late, first lets its run hear what was sent to it: a pause or a cancel may be
// among it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import type { Running } from './running.ts';

/** A workflow task that died with its worker is given to another one after 10 s. A run that still does not hear is not waited for. */
const longestMs = 12_000;
/** A worker that is there hears within milliseconds: asked often at first, then every 100 ms. */
const askAfterMs = [10, 20, 40];
const askEveryMs = 100;
const deadlineMs = 2000;
/** A step that was in the queue for longer may have waited for a worker, and a pause or a cancel with it. */
const soonMs = 250;

/**
 * The worker may have died with the step, or before it took it, and with the workflow task in hand that was to abort it;
 * without this the model would be asked after the cancel. Rejects when the attempt is aborted.
 */
export async function untilHeard(context: Context, running: Running): Promise<void> {
  const { attempt, currentAttemptScheduledTimestampMs: scheduledAt } = context.info;
  // By the clocks of two machines: where they differ, it asks too often, at a few ms a step.
  if (attempt === 1 && Math.abs(Date.now() - scheduledAt) < soonMs) return;
  const { signal } = running.attempt;
  const end = Date.now() + longestMs;
  for (let asked = 0; Date.now() < end && (await hasToHear(context)); asked++) {
    await sleep(askAfterMs[asked] ?? askEveryMs, undefined, { signal });
  }
  await running.sure();
  signal.throwIfAborted();
}

async function hasToHear({ client, info }: Context): Promise<boolean> {
  if (!info.workflowExecution) return false;
  const { workflowId, runId } = info.workflowExecution;
  try {
    const run = await client.withDeadline(Date.now() + deadlineMs, () =>
      client.workflow.getHandle(workflowId, runId).describe(),
    );
    return Boolean(run.raw.pendingWorkflowTask);
  } catch {
    // A Temporal that cannot be asked: the step goes on as it would have.
    return false;
  }
}
