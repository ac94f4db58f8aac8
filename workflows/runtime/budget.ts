// What is left for a run to spend: each step asks it for room, and it asks a person for more, or ends the run.
import { type ApplicationFailure, condition } from '@temporalio/workflow';
import { createAlarm } from './alarm.ts';
import { type Amount, type Bounds, noAmount, type Verdict } from './bounds.ts';
import { exceeded } from './breach.ts';
import { createCounters } from './counters.ts';
import type { Ledger } from './ledger.ts';
import type { LimitName, Limits } from './limits.ts';
import { createPlea } from './plea.ts';
import { createReach } from './reach.ts';
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
  let failure: ApplicationFailure | undefined;
  let suspended = false;
  let postponed: LimitName | undefined;
  /** Of what bounds the run: whoever waits under older bounds looks again. */
  let age = 0;
  /** So many wait for room. */
  let held = 0;

  const verdictOn = (wanted: Amount): Verdict => (suspended ? { kind: 'later' } : reach.verdict(wanted));
  const account = () => ({
    limits: reach.limits(),
    spent: counters.spent(),
    seconds: (Date.now() - counters.since()) / 1000,
  });
  const fail = (limit: LimitName) => {
    if (suspended) {
      postponed = limit;
      return undefined;
    }
    failure ??= exceeded(limit, account());
    plea.withdraw();
    end();
    return failure;
  };
  const change = (told: unknown) => {
    reach.change(told);
    age++;
    plea.withdraw();
    alarm.set();
    changed();
  };
  const plea = createPlea(waits, (decision, limit) => {
    counters.answered();
    if (decision.kind === 'fail') fail(limit);
    else if (decision.kind === 'change') change(decision.to);
  });
  const alarm = createAlarm(
    () => fatalDeadline(reach.limits(), counters.since()),
    () => fail('deadline_s'),
  );

  /** What is done about it: by its own limits it asks or ends, by those of the run whose child it is it asks that one. */
  const breached = (wanted: Amount, limit: LimitName) => {
    if (reach.ownVerdict(wanted).kind !== 'over') beg(wanted);
    else if (reach.limits()?.on_breach === 'fail') throw fail(limit);
    else plea.make(limit, account());
  };
  const room = async (wanted: Amount) => {
    held++;
    try {
      for (;;) {
        if (failure) throw failure;
        const verdict = verdictOn(wanted);
        if (verdict.kind === 'free') return;
        if (verdict.kind === 'over') breached(wanted, verdict.limit);
        const seen = age;
        await condition(() => failure !== undefined || age !== seen || isOther(verdict, verdictOn(wanted)));
      }
    } finally {
      if (--held === 0) plea.withdraw();
    }
  };
  const beginAnew = () => {
    counters.begin();
    age++;
    alarm.drop();
    // Not at once: what is begun in the moment in which a journal ends would be taken for the journal's.
    void Promise.resolve().then(alarm.set);
  };

  alarm.set();

  return {
    get limited() {
      return reach.bounded || failure !== undefined;
    },
    limits: reach.limits,
    steps: () => counters.spent().steps,
    change,
    reserve(wanted) {
      if (failure) throw failure;
      return verdictOn(wanted).kind === 'free' ? counters.reserve(wanted) : undefined;
    },
    room,
    isSpent: () => verdictOn(noAmount).kind === 'over',
    left: reach.left,
    allow(bounds) {
      reach.allow(bounds);
      age++;
    },
    suspend() {
      suspended = true;
    },
    begin(anew) {
      suspended = false;
      const due = postponed;
      postponed = undefined;
      if (anew) beginAnew();
      else if (due) fail(due);
    },
    failure: () => failure,
  };
}

/** A run that is to fail at its deadline does so whatever it waits for; one that is to ask does not before its next step. */
function fatalDeadline(limits: Limits | undefined, since: number): number | undefined {
  return limits?.deadline_s === undefined || limits.on_breach !== 'fail' ? undefined : since + limits.deadline_s * 1000;
}

function isOther(a: Verdict, b: Verdict): boolean {
  return a.kind !== b.kind || (a.kind === 'over' && b.kind === 'over' && a.limit !== b.limit);
}
