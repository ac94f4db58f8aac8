// The code does something else than the journal says.
import { ApplicationFailure } from '@temporalio/workflow';
import type { Opening } from '../../../activities/journal/batch.ts';

export type Diverge = (what: string) => never;

/**
 * A fork that a user asked for fails, at once and for good. A run that goes on by itself must not fail because code
 * changed, nor one that has lived: its workflow task fails, and is retried until the code fits or is rolled back.
 */
export function divergence(kind: Opening['kind'], hasLived: () => boolean): Diverge {
  return (what) => {
    if ((kind === 'fork' || kind === 'check') && !hasLived()) {
      const how =
        'The code has changed since, or an edit leads another way: fork at an earlier step, or at the edited one.';
      throw ApplicationFailure.nonRetryable(`${what} ${how}`, 'ForkDiverged');
    }
    throw new Error(`ForkDiverged: ${what} This run goes on when a worker has code that fits.`);
  };
}
