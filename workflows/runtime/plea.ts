// Asks a person for more: once for all that have no room.
import { type Account, howToAnswer, sentence } from './breach.ts';
import { type Decision, decisionIn, type LimitName } from './limits.ts';
import type { Waits } from './waits.ts';

export interface Plea {
  /** Unless it is made already. */
  make(limit: LimitName, account: Account): void;
  withdraw(): void;
}

/** `answered`: nonsense is refused, and never comes here but in a fork. */
export function createPlea(waits: Waits, answered: (decision: Decision, limit: LimitName) => void): Plea {
  let wait: { close(): void } | undefined;
  return {
    make(limit, account) {
      const question = `${sentence(limit, account)} ${howToAnswer(limit)}`;
      wait ??= waits.hold(
        { name: 'budget', kind: 'budget', question },
        {
          objection: (value) => (decisionIn(value).kind === 'nonsense' ? howToAnswer(limit) : undefined),
          answered: (value) => answered(decisionIn(value), limit),
        },
      );
    },
    withdraw() {
      wait?.close();
      wait = undefined;
    },
  };
}
