// Holds new steps back for a moment so that nothing is in flight, and a long history can give way to a new one.
import { condition, workflowInfo } from '@temporalio/workflow';
import { isFull } from './journal/rollover.ts';

/** Who waits longer than this for a step waits for a long one: new steps are taken beside it. */
const patience = '10 seconds';

export interface Drain {
  holds(): boolean;
  /** Settles when new steps may be taken. */
  passed(): Promise<void>;
  /** While a child is open the run cannot continue in a new timeline, and nothing is held back for it. */
  child: (ended: Promise<unknown>) => void;
}

/** `inFlight`: how many steps are. */
export function createDrain(inFlight: () => number): Drain {
  let children = 0;
  let long = false;

  const holds = () => {
    if (inFlight() === 0) long = false;
    if (inFlight() === 0 && children === 0) return false;
    if (isFull()) return true;
    return workflowInfo().continueAsNewSuggested && !long && children === 0;
  };

  return {
    holds,
    async passed() {
      if (isFull()) await condition(() => !holds());
      else if (!(await condition(() => !holds(), patience))) long = true;
    },
    child(ended) {
      children++;
      const close = async () => {
        await ended.catch(() => {});
        children--;
      };
      void close();
    },
  };
}
