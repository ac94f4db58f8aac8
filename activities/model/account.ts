// What one attempt at an answer costs: told by the provider in the end, estimated until then.
import type { Attempt } from '../attempt.ts';
import { add, nothing, type Spent } from '../spent.ts';
import { isPriced, spentOn, type Usage } from './prices.ts';
import { estimateTokens, inputChars, type Question } from './question.ts';

export interface Account {
  /** The provider has begun, with this model: from here on it costs. */
  begun(model: string): void;
  /** `chars` more came out of the model. */
  heard(chars: number): void;
  /** The provider's own account; undefined when it gave none. */
  settle(usage: Usage | undefined): Spent;
  /** A response that was to be taken up is gone, after about so many tokens of answer. */
  lose(output_tokens: number): void;
  /** Spent on what `lose` named. */
  readonly lost: Spent;
  /** What the attempt has been told that it has spent. */
  readonly booked: Spent;
  /** The response will not be taken up by anybody: what it cost so far is booked, and it is forgotten. */
  giveUp(): Promise<void>;
}

/** @param takenUp responses of this attempt can be taken up by the next one */
export function createAccount(attempt: Attempt, question: Question, takenUp: boolean): Account {
  const input_tokens = estimateTokens(inputChars(question));
  // Who answers may call the model by another name than we asked for: a snapshot's, or the demo model's.
  let answering = question.model;
  const price = (usage: Usage, estimated: boolean): Spent =>
    spentOn(isPriced(answering) ? answering : question.model, usage, estimated);
  const estimate = (output_tokens: number): Spent => price({ input_tokens, cached_tokens: 0, output_tokens }, true);
  let chars = 0;
  let lost = nothing;
  let owed = nothing;
  let booked = nothing;
  const book = (): void => {
    booked = add(lost, owed);
    attempt.spend(booked);
  };
  // What can be taken up is booked when it is given up: the next attempt's answer has it in its usage.
  const owe = (spent: Spent): void => {
    owed = spent;
    if (!takenUp) book();
  };
  return {
    begun(model) {
      answering = model;
      owe(estimate(0));
    },
    heard(more) {
      chars += more;
      owe(estimate(estimateTokens(chars)));
    },
    settle(usage) {
      owe(usage ? price(usage, false) : estimate(estimateTokens(chars)));
      return owed;
    },
    lose(output_tokens) {
      lost = estimate(output_tokens);
    },
    get lost() {
      return lost;
    },
    get booked() {
      return booked;
    },
    async giveUp() {
      book();
      if (attempt.record.response_id !== undefined) await attempt.attach(undefined);
    },
  };
}
