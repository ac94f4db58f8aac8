// The end of a run by its limits: why it must end. It is decided when the run lives by itself, and not by its journal.
import type { ApplicationFailure } from '@temporalio/workflow';
import type { LimitName } from './limits.ts';

export interface Stop {
  /** Why the run must end. */
  readonly failure: ApplicationFailure | undefined;
  /** The run must end, of the first limit that says so. Undefined: it is put off until the run lives. */
  at(limit: LimitName): ApplicationFailure | undefined;
  /** Nothing is decided from here on. */
  suspend: () => void;
  readonly suspended: boolean;
  /** The run lives by itself: what was put off is done, unless it begins `anew`. */
  begin(anew: boolean): void;
}

/** `failureOf`: what there is to say of a limit. `stopped`: what is to be done then, each time. */
export function createStop(failureOf: (limit: LimitName) => ApplicationFailure, stopped: () => void): Stop {
  let failure: ApplicationFailure | undefined;
  let suspended = false;
  let postponed: LimitName | undefined;
  const at = (limit: LimitName): ApplicationFailure | undefined => {
    if (suspended) {
      postponed = limit;
      return undefined;
    }
    failure ??= failureOf(limit);
    stopped();
    return failure;
  };
  return {
    get failure() {
      return failure;
    },
    at,
    suspend: () => void (suspended = true),
    get suspended() {
      return suspended;
    },
    begin(anew) {
      suspended = false;
      const due = postponed;
      postponed = undefined;
      if (due && !anew) at(due);
    },
  };
}
