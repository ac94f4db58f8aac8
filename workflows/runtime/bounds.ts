// How far a run may go: bounds in numbers, and whether there is room for one more step.
import type { LimitName, Limits } from './limits.ts';

/** What is spent, or wanted. `cost_usd` null: of a model without a known price. */
export interface Amount {
  steps: number;
  tokens: number;
  cost_usd: number | null;
}

export const noAmount: Amount = { steps: 0, tokens: 0, cost_usd: 0 };

export const sum = (a: Amount, b: Amount): Amount => ({
  steps: a.steps + b.steps,
  tokens: a.tokens + b.tokens,
  cost_usd: a.cost_usd === null || b.cost_usd === null ? null : a.cost_usd + b.cost_usd,
});

/** Infinity: no bound. `until`: ms since the epoch. */
export interface Bounds {
  steps: number;
  tokens: number;
  cost_usd: number;
  until: number;
}

export const boundsOf = (limits: Limits | undefined, since: number): Bounds => ({
  steps: limits?.max_steps ?? Infinity,
  tokens: limits?.max_tokens ?? Infinity,
  cost_usd: limits?.max_cost_usd ?? Infinity,
  until: limits?.deadline_s === undefined ? Infinity : since + limits.deadline_s * 1000,
});

export const tighter = (a: Bounds, b: Bounds): Bounds => ({
  steps: Math.min(a.steps, b.steps),
  tokens: Math.min(a.tokens, b.tokens),
  cost_usd: Math.min(a.cost_usd, b.cost_usd),
  until: Math.min(a.until, b.until),
});

export type Verdict =
  | { kind: 'free' }
  /** What is in flight may use the rest up: nobody knows before it has come back. */
  | { kind: 'later' }
  | { kind: 'over'; limit: LimitName };

/** Half of the last digit that is counted: sums of prices and of averages carry noise in the bits behind it. */
export interface Noise {
  tokens: number;
  cost_usd: number;
}

export const noNoise: Noise = { tokens: 0, cost_usd: 0 };

/** Far below one token, and below its price: the cheapest costs some 10^-9 US$. */
export const noise: Noise = { tokens: 1e-6, cost_usd: 1e-11 };

export const isSame = (a: Verdict, b: Verdict): boolean =>
  a.kind === b.kind && (a.kind !== 'over' || b.kind !== 'over' || a.limit === b.limit);

export interface Standing {
  bounds: Bounds;
  spent: Amount;
  /** For what is in flight. */
  reserved: Amount;
  now: number;
}

const over = (limit: LimitName): Verdict => ({ kind: 'over', limit });

/**
 * While anything is left a step may begin, and may go over by itself; beside others in flight only one that, with all that
 * is reserved for them, stays within the bounds. What differs by noise only is equal.
 */
export function judge({ bounds, spent, reserved, now }: Standing, wanted: Amount, noise: Noise): Verdict {
  if (now >= bounds.until) return over('deadline_s');
  if (spent.steps >= bounds.steps) return over('max_steps');
  if (spent.tokens >= bounds.tokens) return over('max_tokens');
  if (spent.cost_usd === null ? bounds.cost_usd < Infinity : isReached(bounds.cost_usd, spent.cost_usd, noise.cost_usd))
    return over('max_cost_usd');
  const crowded =
    isCrowded(bounds.steps, spent.steps, reserved.steps, wanted.steps, 0) ||
    isCrowded(bounds.tokens, spent.tokens, reserved.tokens, wanted.tokens, noise.tokens) ||
    isCrowded(bounds.cost_usd, spent.cost_usd ?? 0, reserved.cost_usd ?? 0, wanted.cost_usd ?? 0, noise.cost_usd);
  return crowded ? { kind: 'later' } : { kind: 'free' };
}

/** A bound that is itself as small as noise is kept to the letter. */
const isReached = (most: number, spent: number, noise: number): boolean =>
  spent >= (most > 1000 * noise ? most - noise : most);

const isCrowded = (most: number, spent: number, reserved: number, wanted: number, noise: number): boolean =>
  reserved > 0 && wanted > 0 && spent + reserved + wanted > most + noise;
