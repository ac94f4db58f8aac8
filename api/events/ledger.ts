// What a run has spent: on answers (usage) and in vain (waste), each token once.
import { add, isNothing, nothing, type Spent } from '../../activities/spent.ts';

/** Why tokens were spent in vain. `rewinds`: what a rewind has thrown away, and all that was wasted before one. */
export type Cause = 'retries' | 'aborts' | 'crashes' | 'rewinds';

/** `waste` by timeline, step and round: what is told of one round is cumulative, so the largest account stands. */
export interface Ledger {
  usage: Spent;
  /** What a fork was served, paid by the run that it comes from. */
  inherited: Spent;
  waste: Map<string, Spent>;
  /** The same by cause. */
  by: Record<Cause, Spent>;
}

const noCause = (): Ledger['by'] => ({ retries: nothing, aborts: nothing, crashes: nothing, rewinds: nothing });

export const emptyLedger = (): Ledger => ({ usage: nothing, inherited: nothing, waste: new Map(), by: noCause() });

/** What it adds to what was known of the key is of this cause. */
export function bookWaste(ledger: Ledger, key: string, spent: Spent, cause: Cause): void {
  const before = ledger.waste.get(key) ?? nothing;
  if (tokens(spent) < tokens(before)) return;
  ledger.waste.set(key, spent);
  if (tokens(spent) > tokens(before)) ledger.by[cause] = add(ledger.by[cause], less(spent, before));
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
  const known = Object.values(ledger.by).reduce(add, nothing);
  const rest = less(waste, known);
  if (tokens(rest) < 0) ledger.by = { ...noCause(), rewinds: waste };
  else if (!isNothing(rest)) ledger.by.rewinds = add(ledger.by.rewinds, rest);
}

export const wasteOf = (ledger: Ledger): Spent => [...ledger.waste.values()].reduce(add, nothing);

/** What was spent in all, less what `kept` had spent: a rewind throws it away. */
export function bookRewind(ledger: Ledger, key: string, before: Spent): void {
  const lost = less(before, add(ledger.usage, wasteOf(ledger)));
  if (!isNothing(lost)) bookWaste(ledger, key, lost, 'rewinds');
}

const less = (spent: Spent, part: Spent): Spent => ({
  input_tokens: spent.input_tokens - part.input_tokens,
  output_tokens: spent.output_tokens - part.output_tokens,
  cost_usd: spent.cost_usd === null || part.cost_usd === null ? null : spent.cost_usd - part.cost_usd,
  estimated: spent.estimated,
});

const tokens = (spent: Spent): number => spent.input_tokens + spent.output_tokens;
