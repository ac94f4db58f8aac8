// Runs that were deleted here a moment ago: Temporal still shows them until it has come to it.
import type { WorkflowExecutionInfo } from '@temporalio/client';

type Timeline = Pick<WorkflowExecutionInfo, 'runId'>;

export interface Removed {
  add(timeline: Timeline): void;
  has(timeline: Timeline): boolean;
}

/** Temporal deletes in its next round of tasks: on a server of default settings after up to half a minute. */
const rememberedMs = 120_000;

export function createRemoved(clock: () => number = Date.now): Removed {
  // In the order of their removal.
  const since = new Map<string, number>();
  return {
    add({ runId }) {
      for (const [old, at] of since) {
        if (clock() - at < rememberedMs) break;
        since.delete(old);
      }
      since.set(runId, clock());
    },
    has: ({ runId }) => since.has(runId),
  };
}
