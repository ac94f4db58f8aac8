// What the run has spent: on answers (usage) and in vain (waste).
import type { Partial, SpentReport } from '../../activities/attempt.ts';
import type { ModelReply } from '../../activities/model/model.ts';
import { add, nothing, type Spent } from '../../activities/spent.ts';

export interface Ledger {
  /** A step came back with a result. */
  completed(step: string, round: number, result: unknown): void;
  /** An aborted attempt came back with what it had produced. */
  aborted(step: string, round: number, partial: Pick<Partial, 'spent'>): void;
  /** A failed attempt told what it had spent; it left nothing in history. */
  reported(report: SpentReport): void;
  usage(): Spent;
  waste(): Spent;
  /** What a fork was served: paid by the run that it comes from. */
  inherited(): Spent;
  /** The run lives by itself from here: what it was served costs it nothing; `account`: what it had spent before. */
  begin(account?: Account): void;
}

export interface Account {
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
      book(step, round, result.wasted);
    },
    aborted: (step, round, partial) => book(step, round, partial.spent),
    reported(report) {
      if (isReport(report)) book(report.step, report.round, report.spent);
    },
    usage: () => add(before.usage, usage),
    waste: () => [...waste.values()].reduce(add, before.waste),
    inherited: () => inherited,
    begin(account = { usage: nothing, waste: nothing }) {
      inherited = add(inherited, add(before.usage, usage));
      usage = nothing;
      waste.clear();
      before = account;
      changed();
    },
  };
}

const total = (spent: Spent) => spent.input_tokens + spent.output_tokens;

/** A signal may come from anybody: one of another shape would fail the workflow task. */
function isReport(value: unknown): value is SpentReport {
  return typeof value === 'object' && value !== null && 'spent' in value && isSpent(value.spent);
}

function isSpent(value: unknown): value is Spent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'input_tokens' in value &&
    typeof value.input_tokens === 'number' &&
    'output_tokens' in value &&
    typeof value.output_tokens === 'number'
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
