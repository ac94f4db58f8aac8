// What tokens cost, in US$ per million: https://developers.openai.com/api/docs/pricing as of 2026-11-06.
import type { Spent } from '../spent.ts';

interface Price {
  input: number;
  /** Input that the provider had in its cache. */
  cached: number;
  output: number;
  /** A request of more input than `longFrom` costs twice for all its input and one and a half times for its output. */
  long?: true;
}

const longFrom = 272_000;

const price = (input: number, cached: number, output: number): Price => ({ input, cached, output });
const longPrice = (input: number, cached: number, output: number): Price => ({ input, cached, output, long: true });

const prices: Record<string, Price> = {
  'gpt-6-astra': longPrice(10, 1, 50),
  'gpt-6.1-sol': longPrice(2, 0.1, 10),
  'gpt-6.1-terra': longPrice(1, 0.05, 5),
  'gpt-6-sol': longPrice(2, 0.2, 10),
  'gpt-6-luna': longPrice(0.1, 0.01, 0.5),
  'gpt-5.6-sol': longPrice(4, 0.4, 20),
  'gpt-5.6-terra': longPrice(2, 0.2, 12),
  'gpt-5.6-luna': longPrice(0.2, 0.02, 1.2),
  'gpt-5.5': longPrice(5, 0.5, 30),
  'gpt-5.4': longPrice(2.5, 0.25, 15),
  'gpt-5.4-mini': price(0.75, 0.075, 4.5),
  'gpt-5.4-nano': price(0.2, 0.02, 1.25),
  'gpt-5.2': price(1.75, 0.175, 14),
  'gpt-5.1': price(1.25, 0.125, 10),
  'gpt-5': price(1.25, 0.125, 10),
  'gpt-5-mini': price(0.25, 0.025, 2),
  'gpt-5-nano': price(0.05, 0.005, 0.4),
  'gpt-4.1': price(2, 0.5, 8),
  'gpt-4.1-mini': price(0.4, 0.1, 1.6),
  'gpt-4.1-nano': price(0.1, 0.025, 0.4),
  'gpt-4o': price(2.5, 1.25, 10),
  'gpt-4o-2024-05-13': price(5, 5, 15),
  'gpt-4o-mini': price(0.15, 0.075, 0.6),
  o3: price(2, 0.5, 8),
  'o4-mini': price(1.1, 0.275, 4.4),
  'o3-mini': price(1.1, 0.55, 4.4),
  o1: price(15, 7.5, 60),
  'gpt-4-turbo': price(10, 10, 30),
  'gpt-3.5-turbo': price(0.5, 0.5, 1.5),
  // The built-in demo model costs nothing, and that is known.
  'waymark-demo': price(0, 0, 0),
};

/** Tokens of one request as the provider counts them; `input_tokens` includes the cached ones. */
export interface Usage {
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
}

/** A dated snapshot costs what its model costs. */
const priceOf = (model: string): Price | undefined => prices[model] ?? prices[model.replace(/-\d{4}-\d{2}-\d{2}$/, '')];

export const isPriced = (model: string): boolean => priceOf(model) !== undefined;

/** @returns US$, or null when we do not know this model's price. */
export function cost(model: string, usage: Usage): number | null {
  const one = priceOf(model);
  if (!one) return null;
  const long = one.long && usage.input_tokens > longFrom;
  const fresh = usage.input_tokens - usage.cached_tokens;
  const input = (fresh * one.input + usage.cached_tokens * one.cached) * (long ? 2 : 1);
  return (input + usage.output_tokens * one.output * (long ? 1.5 : 1)) / 1_000_000;
}

export const spentOn = (model: string, usage: Usage, estimated: boolean): Spent => ({
  input_tokens: usage.input_tokens,
  output_tokens: usage.output_tokens,
  cost_usd: cost(model, usage),
  estimated,
});
