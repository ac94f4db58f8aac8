// What a run has spent: on answers (usage) and in vain (waste), each token once.
import { add, isNothing, nothing, type Spent } from '../../activities/spent.ts';

/** `waste` by timeline, step and round: what is told of one round is cumulative, so the largest account stands. */
export interface Ledger {
  usage: Spent;
  /** What a fork was served, paid by the run that it comes from. */
  inherited: Spent;
  waste: Map<string, Spent>;
}

export const emptyLedger = (): Ledger => ({ usage: nothing, inherited: nothing, waste: new Map() });

export function bookWaste(ledger: Ledger, key: string, spent: Spent): void {
  const before = ledger.waste.get(key);
  if (!before || tokens(spent) >= tokens(before)) ledger.waste.set(key, spent);
}

export function bookUsage(ledger: Ledger, spent: Spent): void {
  ledger.usage = add(ledger.usage, spent);
}

export function bookInherited(ledger: Ledger, spent: Spent): void {
  ledger.inherited = add(ledger.inherited, spent);
}

/** The run was restored: what it had spent until then is known, and is not told again by what it was served. */
export function bookAccount(ledger: Ledger, { usage, waste }: { usage: Spent; waste: Spent }): void {
  ledger.usage = usage;
  ledger.waste = new Map([['account', waste]]);
}

export const wasteOf = (ledger: Ledger): Spent => [...ledger.waste.values()].reduce(add, nothing);

/** What was spent in all, less what `kept` had spent: a rewind throws it away. */
export function bookRewind(ledger: Ledger, key: string, before: Spent): void {
  const kept = add(ledger.usage, wasteOf(ledger));
  const lost: Spent = {
    input_tokens: before.input_tokens - kept.input_tokens,
    output_tokens: before.output_tokens - kept.output_tokens,
    cost_usd: before.cost_usd === null || kept.cost_usd === null ? null : before.cost_usd - kept.cost_usd,
    estimated: before.estimated,
  };
  if (!isNothing(lost)) bookWaste(ledger, key, lost);
}

const tokens = (spent: Spent): number => spent.input_tokens + spent.output_tokens;
