// How far a run may go: as its own limits let it, and the run whose child it is.
import { patched, workflowInfo } from '@temporalio/workflow';
import { type Amount, type Bounds, boundsOf, isSame, judge, noise, noNoise, tighter, type Verdict } from './bounds.ts';
import type { Counters } from './counters.ts';
import { boundsIn } from './kin.ts';
import { changed, type Limits } from './limits.ts';

export interface Reach {
  limits: () => Limits | undefined;
  /** False: it goes as far as it likes. */
  readonly bounded: boolean;
  /** Other limits: those that are left out stay. */
  change(told: unknown): void;
  /** Undefined: as far as its own limits let it. */
  allow(bounds: Bounds | undefined): void;
  /** By both. */
  verdict(wanted: Amount): Verdict;
  /** By its own limits alone. */
  ownVerdict(wanted: Amount): Verdict;
  /** What is left, counted from what `used` has been used already. */
  left: (used: Amount) => Bounds;
}

export function createReach(counters: Counters): Reach {
  const { memo } = workflowInfo();
  let limits = changed(undefined, memo?.['limits']);
  let allowance = boundsIn(memo?.['family']);
  const own = () => boundsOf(limits, counters.since());
  /** Older runs took noise for money: where it makes a difference, they do. */
  const judged = (bounds: Bounds, wanted: Amount) => {
    const standing = counters.against(bounds);
    const verdict = judge(standing, wanted, noise);
    const older = judge(standing, wanted, noNoise);
    return isSame(verdict, older) || patched('runtime/6') ? verdict : older;
  };
  return {
    limits: () => limits,
    get bounded() {
      return limits !== undefined || allowance !== undefined;
    },
    change: (told) => void (limits = changed(limits, told)),
    allow: (bounds) => void (allowance = bounds),
    verdict(wanted) {
      const verdict = judged(own(), wanted);
      return verdict.kind === 'over' || !allowance ? verdict : stricter(verdict, judged(allowance, wanted));
    },
    ownVerdict: (wanted) => judged(own(), wanted),
    left(used) {
      const spent = counters.spent();
      const mine = rest(own(), spent, used);
      return allowance ? tighter(mine, rest(allowance, spent, used)) : mine;
    },
  };
}

function rest(bounds: Bounds, spent: Amount, used: Amount): Bounds {
  const of = (bound: number, all: number, already: number) =>
    bound === Infinity ? bound : Math.max(0, bound - all) + already;
  return {
    steps: of(bounds.steps, spent.steps, used.steps),
    tokens: of(bounds.tokens, spent.tokens, used.tokens),
    cost_usd: of(bounds.cost_usd, spent.cost_usd ?? Infinity, used.cost_usd ?? 0),
    until: bounds.until,
  };
}

const rank = { free: 0, later: 1, over: 2 };
const stricter = (a: Verdict, b: Verdict): Verdict => (rank[b.kind] > rank[a.kind] ? b : a);
