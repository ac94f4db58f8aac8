// What a model call cost: tokens and US$. A plain value that workflows, activities and the API add up alike.

export interface Spent {
  input_tokens: number;
  output_tokens: number;
  /** US$; null when the model has no price in our table. Null is never counted as 0. */
  cost_usd: number | null;
  /** True when the provider never told the usage (aborted, cut off) and it was estimated from the text. */
  estimated: boolean;
}

export const nothing: Spent = { input_tokens: 0, output_tokens: 0, cost_usd: 0, estimated: false };

export function add(a: Spent, b: Spent): Spent {
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    cost_usd: a.cost_usd === null || b.cost_usd === null ? null : a.cost_usd + b.cost_usd,
    estimated: a.estimated || b.estimated,
  };
}

export const isNothing = (spent: Spent): boolean => spent.input_tokens === 0 && spent.output_tokens === 0;
