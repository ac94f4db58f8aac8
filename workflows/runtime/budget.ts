// What is left for a run to spend: each step asks it for room, and it asks a person for more, or ends the run.
import type { ApplicationFailure } from '@temporalio/workflow';
import { createAlarm } from './alarm.ts';
import { type Amount, type Bounds, noAmount, type Verdict } from './bounds.ts';
import { type Account, exceeded } from './breach.ts';
import { createCounters } from './counters.ts';
import type { Ledger } from './ledger.ts';
import type { Limits } from './limits.ts';
import { createPlea } from './plea.ts';
import { createQueue } from './queue.ts';
import { createReach } from './reach.ts';
import { createStop } from './stop.ts';
import type { Waits } from './waits.ts';

export interface Budget {
  /** False: nothing is asked of anybody. */
  readonly limited: boolean;
  limits(): Limits | undefined;
  /** Taken by the run and its children, as they count. */
  steps(): number;
  /** Gives them, or other ones: those that are left out stay. */
  change(told: unknown): void;
  /** Room for a step, until it is given back; undefined when there is none now. */
  reserve(wanted: Amount): (() => void) | undefined;
  /** Settles when there is room. Throws ApplicationFailure `LimitExceeded` when there will be none. */
  room(wanted: Amount): Promise<void>;
  /** Whether nothing more may begin. */
  isSpent(): boolean;
  /** What is left, counted from what `spent` has been used already. */
  left(spent: Amount): Bounds;
  /** Of the run whose child this one is: how far it may go. Undefined: as far as its own limits let it. */
  allow(bounds: Bounds | undefined): void;
  /** What follows in the journal is not the journal's any more: nothing is decided until the run lives by itself. */
  suspend(): void;
  /** It does. `anew`: the counters stand at zero. */
  begin(anew: boolean): void;
  /** Why the run must end. */
  failure(): ApplicationFailure | undefined;
}

export interface BudgetOptions {
  ledger: Ledger;
  waits: Waits;
  /** How many have been completed. */
  steps: () => number;
  /** The run must end: all that it does is to be cancelled. */
  end: () => void;
  /** The run whose child this one is must give more room. */
  beg: (wanted: Amount) => void;
  changed: () => void;
}

export function createBudget({ ledger, waits, steps, end, beg, changed }: BudgetOptions): Budget {
  const counters = createCounters(ledger, steps);
  const reach = createReach(counters);
  const account = (): Account => ({
    limits: reach.limits(),
    spent: counters.spent(),
    seconds: (Date.now() - counters.since()) / 1000,
  });
  const stop = createStop(
    (limit) => exceeded(limit, account()),
    () => {
      plea.withdraw();
      end();
    },
  );
  const change = (told: unknown) => {
    reach.change(told);
    queue.look();
    plea.withdraw();
    alarm.set();
    changed();
  };
  const plea = createPlea(waits, (decision, limit) => {
    counters.answered();
    if (decision.kind === 'fail') stop.at(limit);
    else if (decision.kind === 'change') change(decision.to);
  });
  const alarm = createAlarm(
    () => fatalDeadline(reach.limits(), counters.since()),
    () => stop.at('deadline_s'),
  );
  const verdict = (wanted: Amount): Verdict => (stop.suspended ? { kind: 'later' } : reach.verdict(wanted));
  const queue = createQueue({
    stop,
    verdict,
    /** By its own limits it asks or ends, by those of the run whose child it is it asks that one. */
    over(wanted, { limit }) {
      if (reach.ownVerdict(wanted).kind !== 'over') beg(wanted);
      else if (reach.limits()?.on_breach === 'fail') throw stop.at(limit);
      else plea.make(limit, account());
    },
    empty: () => plea.withdraw(),
  });
  const countAnew = () => {
    counters.begin();
    queue.look();
    alarm.drop();
    // Not at once: what is begun in the moment in which a journal ends would be taken for the journal's.
    void Promise.resolve().then(alarm.set);
  };

  alarm.set();

  return {
    get limited() {
      return reach.bounded || stop.failure !== undefined;
    },
    limits: reach.limits,
    steps: () => counters.spent().steps,
    change,
    reserve(wanted) {
      if (stop.failure) throw stop.failure;
      return verdict(wanted).kind === 'free' ? counters.reserve(wanted) : undefined;
    },
    room: queue.wait,
    isSpent: () => verdict(noAmount).kind === 'over',
    left: reach.left,
    allow(bounds) {
      reach.allow(bounds);
      queue.look();
    },
    suspend: stop.suspend,
    begin(anew) {
      stop.begin(anew);
      if (anew) countAnew();
    },
    failure: () => stop.failure,
  };
}

/** A run that is to fail at its deadline does so whatever it waits for; one that is to ask does not before its next step. */
function fatalDeadline(limits: Limits | undefined, since: number): number | undefined {
  return limits?.deadline_s === undefined || limits.on_breach !== 'fail' ? undefined : since + limits.deadline_s * 1000;
}
