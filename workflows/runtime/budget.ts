// What is left for a run to spend: each step asks it for room, and it asks a person for more, or ends the run.
import { type ApplicationFailure, condition, sleep, workflowInfo } from '@temporalio/workflow';
import { type Amount, type Bounds, boundsOf, judge, sum, type Verdict, noAmount } from './bounds.ts';
import { exceeded, howToAnswer, sentence } from './breach.ts';
import { boundsIn } from './kin.ts';
import type { Ledger } from './ledger.ts';
import { changed as changedLimits, decisionIn, type Limits } from './limits.ts';
import type { Waits } from './waits.ts';

type Over = Extract<Verdict, { kind: 'over' }>;

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
  let limits = changedLimits(undefined, workflowInfo().memo?.['limits']);
  let allowance = boundsIn(workflowInfo().memo?.['family']);
  let since = Date.now();
  let before = 0;
  let answered = 0;
  /** Of the limits: whoever waits under older ones looks again. */
  let age = 0;
  let alarm = 0;
  let failure: ApplicationFailure | undefined;
  let suspended = false;
  let postponed: Over | undefined;
  let asking: { close(): void } | undefined;
  const reserved = new Set<Amount>();
  const held = new Set<Amount>();

  const own = (): number => steps() - answered - before;
  const spent = (): Amount => {
    const { input_tokens, output_tokens, cost_usd } = ledger.counted();
    return { steps: own() + ledger.childSteps(), tokens: input_tokens + output_tokens, cost_usd };
  };
  const standing = (bounds: Bounds) => ({
    bounds,
    spent: spent(),
    reserved: [...reserved].reduce(sum, noAmount),
    now: Date.now(),
  });
  const ownVerdict = (wanted: Amount): Verdict => judge(standing(boundsOf(limits, since)), wanted);
  const verdictOn = (wanted: Amount): Verdict => {
    if (suspended) return { kind: 'later' };
    const verdict = ownVerdict(wanted);
    return verdict.kind === 'over' || !allowance ? verdict : stricter(verdict, judge(standing(allowance), wanted));
  };

  const stop = () => {
    asking?.close();
    asking = undefined;
  };
  const account = () => ({ limits, spent: spent(), seconds: (Date.now() - since) / 1000 });
  const fail = (why: Over) => {
    if (suspended) {
      postponed = why;
      return undefined;
    }
    failure ??= exceeded(why.limit, account());
    stop();
    end();
    return failure;
  };
  const change = (told: unknown) => {
    limits = changedLimits(limits, told);
    age++;
    stop();
    arm();
    changed();
  };

  /** A run that is to fail at its deadline does so whatever it waits for. */
  const arm = () => {
    const mine = ++alarm;
    if (limits?.deadline_s === undefined || limits.on_breach !== 'fail') return;
    const ms = Math.max(1, since + limits.deadline_s * 1000 - Date.now());
    const ring = () => {
      if (mine === alarm) fail({ kind: 'over', limit: 'deadline_s' });
    };
    void sleep(ms).then(ring, () => {});
  };

  const ask = (why: Over) => {
    const question = `${sentence(why.limit, account())} ${howToAnswer(why.limit)}`;
    asking ??= waits.hold(
      { name: 'budget', kind: 'budget', question },
      {
        objection: (value) => (decisionIn(value).kind === 'nonsense' ? howToAnswer(why.limit) : undefined),
        answered(value) {
          answered++;
          const decision = decisionIn(value);
          if (decision.kind === 'fail') fail(why);
          else if (decision.kind === 'change') change(decision.to);
        },
      },
    );
  };

  /** What is done about it: by its own limits it asks or ends, by those of the run whose child it is it asks that one. */
  const breached = (wanted: Amount, verdict: Over) => {
    if (ownVerdict(wanted).kind !== 'over') beg(wanted);
    else if (limits?.on_breach === 'fail') throw fail(verdict);
    else ask(verdict);
  };

  if (limits) arm();

  return {
    get limited() {
      return limits !== undefined || allowance !== undefined || failure !== undefined;
    },
    limits: () => limits,
    steps: () => spent().steps,
    change,
    reserve(wanted) {
      if (failure) throw failure;
      if (verdictOn(wanted).kind !== 'free') return undefined;
      reserved.add(wanted);
      return () => void reserved.delete(wanted);
    },
    async room(wanted) {
      held.add(wanted);
      try {
        for (;;) {
          if (failure) throw failure;
          const verdict = verdictOn(wanted);
          if (verdict.kind === 'free') return;
          if (verdict.kind === 'over') breached(wanted, verdict);
          const seen = age;
          await condition(() => failure !== undefined || age !== seen || isOther(verdict, verdictOn(wanted)));
        }
      } finally {
        held.delete(wanted);
        if (held.size === 0) stop();
      }
    },
    isSpent: () => verdictOn(noAmount).kind === 'over',
    left(used) {
      const { steps, tokens, cost_usd } = spent();
      const of = (limit: number, all: number, already: number) =>
        limit === Infinity ? limit : Math.max(0, limit - all) + already;
      const within = (bounds: Bounds): Bounds => ({
        steps: of(bounds.steps, steps, used.steps),
        tokens: of(bounds.tokens, tokens, used.tokens),
        cost_usd: of(bounds.cost_usd, cost_usd ?? Infinity, used.cost_usd ?? 0),
        until: bounds.until,
      });
      const mine = within(boundsOf(limits, since));
      return allowance ? tighter(mine, within(allowance)) : mine;
    },
    allow(bounds) {
      allowance = bounds;
      age++;
    },
    suspend() {
      suspended = true;
    },
    begin(anew) {
      suspended = false;
      const due = postponed;
      postponed = undefined;
      if (!anew) {
        if (due) fail(due);
        return;
      }
      since = Date.now();
      before = steps();
      answered = 0;
      age++;
      alarm++;
      // Not at once: what is begun in the moment in which a journal ends would be taken for the journal's.
      void Promise.resolve().then(arm);
    },
    failure: () => failure,
  };
}

function isOther(a: Verdict, b: Verdict): boolean {
  return a.kind !== b.kind || (a.kind === 'over' && b.kind === 'over' && a.limit !== b.limit);
}

const rank = { free: 0, later: 1, over: 2 };
const stricter = (a: Verdict, b: Verdict): Verdict => (rank[b.kind] > rank[a.kind] ? b : a);

const tighter = (a: Bounds, b: Bounds): Bounds => ({
  steps: Math.min(a.steps, b.steps),
  tokens: Math.min(a.tokens, b.tokens),
  cost_usd: Math.min(a.cost_usd, b.cost_usd),
  until: Math.min(a.until, b.until),
});
