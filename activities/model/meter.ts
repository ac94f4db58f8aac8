// Who counts model calls: told once of each attempt, by the step itself. What is replayed or served to a fork is no attempt.
import type { Spent } from '../spent.ts';

export interface Metered {
  /** As it was asked for. */
  model: string;
  outcome: 'completed' | 'failed' | 'aborted';
  /** By this attempt. What another attempt takes up and pays is not in it. */
  spent: Spent;
}

export type ModelMeter = (call: Metered) => void;
