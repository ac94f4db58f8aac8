// Rings when a deadline has come, whatever the run is waiting for.
import { sleep } from '@temporalio/workflow';

export interface Alarm {
  /** For the deadline as it is now, if there is one; no earlier one rings any more. */
  set: () => void;
  drop(): void;
}

/** `deadline`: in ms since the epoch. */
export function createAlarm(deadline: () => number | undefined, ring: () => void): Alarm {
  let newest = 0;
  return {
    set() {
      const mine = ++newest;
      const at = deadline();
      if (at === undefined) return;
      const due = () => {
        if (mine === newest) ring();
      };
      void sleep(Math.max(1, at - Date.now())).then(due, () => {});
    },
    drop: () => void newest++,
  };
}
