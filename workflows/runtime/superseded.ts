// A run that Temporal's own reset has taken back has a record of each of its timelines: the newer one names the state that
// it superseded, so that lists count the run once.
import {
  CancellationScope,
  patched,
  proxyActivities,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  ReadSuperseded,
  supersededActivity as name,
  supersededPatch as patch,
} from '../../activities/journal/superseded.ts';
import { attributes, journalQueue } from './messages.ts';

export const supersededActivity: typeof name = 'readSuperseded';
/** Timelines that were reset under older code have named nothing. */
const supersededPatch: typeof patch = 'runtime/7';

export interface Superseded {
  /** This timeline was reset to the point at which it is now. */
  reset(): void;
  /** Until it is named; undefined: there is nothing to be named. */
  pending(): Promise<void> | undefined;
}

export function createSuperseded(): Superseded {
  let pending: Promise<void> | undefined;
  return {
    reset() {
      if (!patched(supersededPatch)) return;
      const name = async () => {
        // Who is not told stays unnamed: two records of one run are better than a run that does not end.
        await nameIt().catch(() => {});
        if (pending === mine) pending = undefined;
      };
      const mine = name();
      pending = mine;
    },
    pending: () => pending,
  };
}

async function nameIt(): Promise<void> {
  const { taskQueue, historyLength } = workflowInfo();
  const { readSuperseded } = proxyActivities<{ readSuperseded: ReadSuperseded }>({
    taskQueue: journalQueue(taskQueue),
    // Steps have the numbers, and one that another reset has copied may still be under way.
    activityId: `superseded-${historyLength}`,
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '200ms', maximumInterval: '10s' },
    summary: 'Reads which state of the run this timeline supersedes',
  });
  const value = await CancellationScope.nonCancellable(() => readSuperseded());
  if (value) upsertSearchAttributes([{ key: attributes.SupersededState, value }]);
}
