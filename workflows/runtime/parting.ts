// A run that was cancelled waits for the ends of its children, but not for ever: one may have nobody who works on it.
import { CancellationScope, CancelledFailure, patched, sleep } from '@temporalio/workflow';
import { giveUpChild } from './sdk.ts';

/**
 * A worker that dies with a workflow task in hand is missed after 10 s. Who has not answered then is left to Temporal,
 * which does with it what its parent close policy says: https://docs.temporal.io/parent-close-policy
 */
const patience = '15 seconds';

export interface Parting {
  /** A child was started under this seq. */
  child(seq: number, ended: Promise<unknown>): void;
}

export function createParting(root: CancellationScope): Parting {
  const open = new Set<number>();
  let waits: CancellationScope | undefined;

  const part = async () => {
    // Runs that began with older code wait.
    if (open.size === 0 || !patched('runtime/5')) return;
    await CancellationScope.nonCancellable(async () => {
      waits = new CancellationScope();
      await waits.run(() => sleep(patience));
    });
    for (const seq of open)
      giveUpChild(seq, new CancelledFailure(`A child did not end within ${patience} of the cancel.`));
  };
  root.cancelRequested.catch(() => void part().catch(() => {}));

  return {
    child(seq, ended) {
      if (root.consideredCancelled) return;
      open.add(seq);
      const close = async () => {
        await ended.catch(() => {});
        open.delete(seq);
        if (open.size === 0) waits?.cancel();
      };
      void close();
    },
  };
}
