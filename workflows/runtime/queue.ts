// Those who wait for room: each looks again when something has changed.
import { condition } from '@temporalio/workflow';
import { type Amount, isSame, type Verdict } from './bounds.ts';
import type { Stop } from './stop.ts';

export interface Queue {
  /** Settles when there is room. Throws what ends the run, and what `over` throws. */
  wait: (wanted: Amount) => Promise<void>;
  /** The bounds are other ones: whoever waits under the older looks again. */
  look(): void;
}

export interface QueueOptions {
  stop: Pick<Stop, 'failure'>;
  verdict: (wanted: Amount) => Verdict;
  /** There is no room: what is done about it. */
  over: (wanted: Amount, verdict: Verdict & { kind: 'over' }) => void;
  /** Nobody waits any more. */
  empty: () => void;
}

export function createQueue({ stop, verdict: verdictOn, over, empty }: QueueOptions): Queue {
  let age = 0;
  let waiting = 0;
  return {
    async wait(wanted) {
      waiting++;
      try {
        for (;;) {
          if (stop.failure) throw stop.failure;
          const verdict = verdictOn(wanted);
          if (verdict.kind === 'free') return;
          if (verdict.kind === 'over') over(wanted, verdict);
          const seen = age;
          await condition(() => stop.failure !== undefined || age !== seen || !isSame(verdict, verdictOn(wanted)));
        }
      } finally {
        if (--waiting === 0) empty();
      }
    },
    look: () => void age++,
  };
}
