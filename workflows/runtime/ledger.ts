// What the run has spent: on answers (usage) and in vain (waste).
import type { Partial, SpentReport } from '../../activities/attempt.ts';
import type { ModelReply } from '../../activities/model/model.ts';
import { add, isNothing, nothing, type Spent } from '../../activities/spent.ts';

export interface Ledger {
  /** A step came back with a result. */
  completed(step: string, round: number, result: unknown): void;
  /** An aborted attempt came back with what it had produced. */
  aborted(step: string, round: number, partial: Pick<Partial, 'spent'>): void;
  /** A failed attempt told what it had spent; it left nothing in history. */
  reported(report: SpentReport): void;
  usage(): Spent;
  waste(): Spent;
  /** What its children have told of themselves. */
  children(): Account;
  /** Steps that its children have told of. */
  childSteps(): number;
  /** All that counts against its limits: without what a rewind or a fork has left behind. */
  counted(): Spent;
  /** Of a model call, as far as there has been one. */
  average(): { tokens: number; cost_usd: number | null } | undefined;
  /** A child has told what it has spent in all. */
  childSpent(report: ChildReport): void;
  /** What a fork was served: paid by the run that it comes from. */
  inherited(): Spent;
  /** The run lives by itself from here: what it was served costs it nothing; `account`: what it had spent before. */
  begin(account?: Account): void;
}

export interface Account {
  usage: Spent;
  waste: Spent;
}

/** Signal `child_spent`: cumulative, with the child's own children. The largest account of a child stands. */
export interface ChildReport {
  child: string;
  steps: number;
  usage: Spent;
  waste: Spent;
}

/** `changed` is told of every booking. */
export function createLedger(changed: () => void): Ledger {
  let usage = nothing;
  let before: Account = { usage: nothing, waste: nothing };
  let inherited = nothing;
  // What is told of one round is cumulative over its attempts, and may be told twice: the largest account stands.
  const waste = new Map<string, Spent>();
  const children = new Map<string, ChildReport>();
  let calls = 0;
  const book = (step: string, round: number, spent: Spent) => {
    const key = `${step}/${round}`;
    const before = waste.get(key);
    if (!before || total(spent) >= total(before)) waste.set(key, spent);
    changed();
  };
  return {
    completed(step, round, result) {
      if (!isReply(result)) return;
      usage = add(usage, result.usage);
      calls++;
      // Nearly all have wasted nothing: what is summed up again and again is only what has.
      if (isNothing(result.wasted)) changed();
      else book(step, round, result.wasted);
    },
    aborted: (step, round, partial) => book(step, round, partial.spent),
    reported(report) {
      if (isReport(report)) book(report.step, report.round, report.spent);
    },
    childSpent(report) {
      const known = children.get(report.child);
      if (known && sizeOf(report) < sizeOf(known)) return;
      children.set(report.child, report);
      changed();
    },
    usage: () => add(before.usage, usage),
    waste: () => [...waste.values()].reduce(add, before.waste),
    children: () => spentBy(children),
    childSteps: () => [...children.values()].reduce((steps, child) => steps + child.steps, 0),
    counted() {
      const { usage: theirs, waste: wasted } = spentBy(children);
      return [...waste.values()].reduce(add, add(usage, add(theirs, wasted)));
    },
    average: () =>
      calls === 0
        ? undefined
        : { tokens: total(usage) / calls, cost_usd: usage.cost_usd === null ? null : usage.cost_usd / calls },
    inherited: () => inherited,
    begin(account = { usage: nothing, waste: nothing }) {
      inherited = add(inherited, add(before.usage, usage));
      usage = nothing;
      calls = 0;
      waste.clear();
      children.clear();
      before = account;
      changed();
    },
  };
}

const total = (spent: Spent) => spent.input_tokens + spent.output_tokens;

const spentBy = (children: Map<string, ChildReport>): Account => ({
  usage: [...children.values()].reduce((sum, { usage }) => add(sum, usage), nothing),
  waste: [...children.values()].reduce((sum, { waste }) => add(sum, waste), nothing),
});

const sizeOf = ({ steps, usage, waste }: ChildReport): number => steps + total(usage) + total(waste);

/** A signal may come from anybody: one of another shape would fail the workflow task. */
function isReport(value: unknown): value is SpentReport {
  return typeof value === 'object' && value !== null && 'spent' in value && isSpent(value.spent);
}

export function isSpent(value: unknown): value is Spent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'input_tokens' in value &&
    typeof value.input_tokens === 'number' &&
    'output_tokens' in value &&
    typeof value.output_tokens === 'number' &&
    'cost_usd' in value &&
    (value.cost_usd === null || typeof value.cost_usd === 'number')
  );
}

function isReply(result: unknown): result is ModelReply {
  return (
    typeof result === 'object' &&
    result !== null &&
    'usage' in result &&
    isSpent(result.usage) &&
    'wasted' in result &&
    isSpent(result.wasted)
  );
}
