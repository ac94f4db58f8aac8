// A run that has come to a limit says so: which one, how much is spent, and what can be done about it.
import { ApplicationFailure } from '@temporalio/workflow';
import type { Amount } from './bounds.ts';
import type { LimitName, Limits } from './limits.ts';

export interface Account {
  limits: Limits | undefined;
  spent: Amount;
  /** Since the run began. */
  seconds: number;
}

export const exceeded = (limit: LimitName, account: Account): ApplicationFailure =>
  ApplicationFailure.nonRetryable(sentence(limit, account), 'LimitExceeded');

export const sentence = (limit: LimitName, account: Account): string => `${reached(limit, account)} ${all(account)}`;

function reached(limit: LimitName, { limits, spent, seconds }: Account): string {
  const most = limits?.[limit] ?? 0;
  switch (limit) {
    case 'max_steps':
      return `The limit max_steps is reached: ${spent.steps} of ${most} steps are taken.`;
    case 'max_tokens':
      return `The limit max_tokens is reached: ${spent.tokens} of ${most} tokens are spent.`;
    case 'max_cost_usd':
      return spent.cost_usd === null
        ? `The limit max_cost_usd of US$ ${most} cannot be kept: the price of a model that was asked is not known.`
        : `The limit max_cost_usd is reached: US$ ${money(spent.cost_usd)} of ${most} are spent.`;
    case 'deadline_s':
      return `The limit deadline_s is reached: ${Math.floor(seconds)} of ${most} seconds have passed.`;
  }
}

const money = (usd: number): string => usd.toFixed(6).replace(/0{1,4}$/, '');

function all({ spent: { steps, tokens, cost_usd }, seconds }: Account): string {
  const cost = cost_usd === null ? 'of unknown price' : `for US$ ${money(cost_usd)}`;
  return `In all: ${steps} ${steps === 1 ? 'step' : 'steps'}, ${tokens} tokens ${cost}, ${Math.floor(seconds)} s; failed and aborted attempts and children count.`;
}

export const howToAnswer = (limit: LimitName): string =>
  `Answer {"${limit}": a higher number} to go on, {"${limit}": null} to lift the limit, or {"decision": "fail"} to end the run.`;
