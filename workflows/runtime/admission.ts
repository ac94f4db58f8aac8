// Who may begin: nobody while the run is paused, steps as there is place and budget for them.
import type { ActivityInput } from '@temporalio/workflow';
import { condition, patched } from '@temporalio/workflow';
import { noAmount } from './bounds.ts';
import type { Budget } from './budget.ts';
import { createDrain } from './drain.ts';
import type { Ledger } from './ledger.ts';
import { wantedBy } from './wanted.ts';

/** More steps than this wait at the gate: 2,000 pending activities would fail the workflow task. */
const mostInFlight = 200;

export interface Admission {
  /** Settles when a step may begin, as far as its cost is no matter. */
  step(): Promise<void>;
  /** Those who were let in at once are too many: whoever is not in flight yet waits again. Older runs let them all go. */
  isCrowded(): boolean;
  /** Room in the budget, for as long as the step is in flight: beside others that are, nobody knows what it will cost. */
  room(input: ActivityInput): Promise<() => void>;
  /** Settles when something may begin that is no step: a child. */
  other: () => Promise<void>;
  /** A child is open until this has ended. */
  child: (ended: Promise<unknown>) => void;
}

export interface AdmissionOptions {
  ledger: Ledger;
  budget: () => Budget;
  isPaused: () => boolean;
  /** How many steps are. */
  inFlight: () => number;
}

export function createAdmission({ ledger, budget, isPaused, inFlight }: AdmissionOptions): Admission {
  const drain = createDrain(inFlight);

  // Several waiters may be woken by one change: each looks again before it goes.
  const passed = async (isFree: () => boolean) => {
    for (;;) {
      while (!isFree()) await condition(isFree);
      if (!drain.holds()) return;
      await drain.passed();
    }
  };
  const step = () => passed(() => !isPaused() && inFlight() < mostInFlight);
  const other = () => passed(() => !isPaused());

  return {
    step,
    isCrowded: () => inFlight() >= mostInFlight && patched('runtime/2'),
    async room(input) {
      const wanted = wantedBy(input, ledger.average());
      for (;;) {
        const giveBack = budget().reserve(wanted);
        if (giveBack) return giveBack;
        await budget().room(wanted);
        await step();
      }
    },
    async other() {
      await other();
      while (budget().limited && budget().isSpent()) {
        await budget().room(noAmount);
        await other();
      }
    },
    child: drain.child,
  };
}
