// What counts against the limits of a run: what is spent, and what is reserved for the steps in flight.
import { type Amount, type Bounds, noAmount, type Standing, sum } from './bounds.ts';
import type { Ledger } from './ledger.ts';

export interface Counters {
  spent(): Amount;
  /** When they stood at zero, in ms since the epoch. */
  since(): number;
  against(bounds: Bounds): Standing;
  /** Until it is given back. */
  reserve(wanted: Amount): () => void;
  /** A step that answers for more budget is not counted. */
  answered(): void;
  /** They stand at zero. */
  begin(): void;
}

/** `steps`: how many have been completed. */
export function createCounters(ledger: Ledger, steps: () => number): Counters {
  const reserved = new Set<Amount>();
  let since = Date.now();
  let before = 0;
  let answered = 0;
  const spent = (): Amount => {
    const { input_tokens, output_tokens, cost_usd } = ledger.counted();
    const own = steps() - answered - before;
    return { steps: own + ledger.childSteps(), tokens: input_tokens + output_tokens, cost_usd };
  };
  return {
    spent,
    since: () => since,
    against: (bounds) => ({
      bounds,
      spent: spent(),
      reserved: [...reserved].reduce(sum, noAmount),
      now: Date.now(),
    }),
    reserve(wanted) {
      const one = { ...wanted };
      reserved.add(one);
      return () => void reserved.delete(one);
    },
    answered: () => void answered++,
    begin() {
      since = Date.now();
      before = steps();
      answered = 0;
    },
  };
}
