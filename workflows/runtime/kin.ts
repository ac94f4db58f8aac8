// What a run and its children tell each other: what is spent, and how far a child may go.
import type { Spent } from '../../activities/spent.ts';
import { type Amount, type Bounds } from './bounds.ts';
import { type ChildReport, isSpent } from './ledger.ts';

/** How far a child may go, counted from its beginning. What is left out has no bound. */
export type Allowance = { [name in keyof Bounds]?: number };

/** `wants`: what the child has no room for, and waits for. */
export interface ChildTold extends ChildReport {
  wants?: Amount;
}

export const allowanceOf = (bounds: Bounds): Allowance =>
  Object.fromEntries(Object.entries(bounds).filter(([, bound]) => bound < Infinity));

/** Undefined: it is of another shape, and somebody else's. */
export function boundsIn(allowance: unknown): Bounds | undefined {
  if (typeof allowance !== 'object' || allowance === null) return undefined;
  const told: Record<string, unknown> = { ...allowance };
  const one = (bound: unknown): number => (typeof bound === 'number' ? bound : Infinity);
  const { steps, tokens, cost_usd, until } = told;
  return { steps: one(steps), tokens: one(tokens), cost_usd: one(cost_usd), until: one(until) };
}

export const amountOf = ({ steps, usage, waste }: ChildReport): Amount => ({
  steps,
  tokens: tokensOf(usage) + tokensOf(waste),
  cost_usd: usage.cost_usd === null || waste.cost_usd === null ? null : usage.cost_usd + waste.cost_usd,
});

const tokensOf = ({ input_tokens, output_tokens }: Spent): number => input_tokens + output_tokens;

/** A signal may come from anybody. */
export function childToldIn(value: unknown): ChildTold | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { child, steps, usage, waste, wants }: Partial<Record<keyof ChildTold, unknown>> = value;
  if (typeof child !== 'string' || typeof steps !== 'number' || !isSpent(usage) || !isSpent(waste)) return undefined;
  return { child, steps, usage, waste, ...(isAmount(wants) && { wants }) };
}

function isAmount(value: unknown): value is Amount {
  return (
    typeof value === 'object' &&
    value !== null &&
    'steps' in value &&
    typeof value.steps === 'number' &&
    'tokens' in value &&
    typeof value.tokens === 'number' &&
    'cost_usd' in value &&
    (value.cost_usd === null || typeof value.cost_usd === 'number')
  );
}
