// One attempt of a step: the only owner of its heartbeats, its record, its tokens and its abort.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { AttemptKey } from './hub.ts';
import type { Spent } from './spent.ts';

/** What every heartbeat of an attempt carries, whole: a bare beat would erase it. Never text. */
export interface AttemptRecord {
  kind: 'attempt';
  /** The provider's id of a response that is being produced for us, and the last event of it that we read. */
  response_id?: string;
  sequence?: number;
  /** Spent by this step's earlier attempts and by this one so far. */
  spent: Spent;
  /** Faults of the provider so far: the four attempts count these only, not attempts lost with a worker. */
  faults: number;
  /** When the first attempt began, in ms since the epoch: deadlines that include retries count from here. */
  first_started_at: number;
}

/** What an aborted attempt leaves: CancelledFailure.details[0]. */
export interface Partial {
  kind: 'partial';
  /** The step's whole text so far, what it took over from the attempt before included. */
  text: string;
  /** Spent by all attempts of this round so far. */
  spent: Spent;
  response_id?: string;
  sequence?: number;
}

/** Signal `spent`: a failed attempt leaves nothing in history, so it tells its run what it cost. */
export interface SpentReport {
  step: string;
  round: number;
  attempt: number;
  /** Spent by all attempts of this round so far (cumulative, so a repeated report counts once). */
  spent: Spent;
  error: string;
}

/** Activity header `waymark`: what the gate tells the attempts of a step. JSON payload. */
export interface GateHeader {
  round: number;
  /** After a pause `now` and a resume `continue`: what the aborted attempt had said. */
  resumed?: { text: string; response_id?: string; sequence?: number };
}

export const gateHeaderName = 'waymark';

/** What an activity has of its attempt. Model, page and tools use it; none of them speaks to Temporal itself. */
export interface Attempt {
  readonly key: AttemptKey;
  /** Aborts when the attempt must end at once: whoever waits for the world passes it on. */
  readonly signal: AbortSignal;
  /** Why the signal aborted: the run was cancelled or paused `now`, the attempt is lost with its worker, its time is up. */
  readonly stopped: 'cancelled' | 'lost' | 'late' | undefined;
  /** What the aborted attempt of the round before had said, when this one is to go on from there. */
  readonly resumed: GateHeader['resumed'];
  /** The record as it stands now: `spent`, `faults` and `first_started_at` include the attempts before. */
  readonly record: Readonly<AttemptRecord>;
  /** Spent by this round's earlier attempts. */
  readonly wasted: Spent;
  /** Shows streams that the text begins with `taken`; without it the first `emit` begins an empty one. */
  open(taken: string): void;
  /** Appends to the step's text. */
  emit(text: string): void;
  /** Sets (does not add) what this attempt has spent so far. */
  spend(spent: Spent): void;
  /** The newest event read of the response that `attach` named. */
  follow(sequence: number): void;
  /**
   * Makes sure that the next attempt can find this response, before anything of it is read. `undefined`: there is none
   * to be found any more.
   */
  attach(response_id: string | undefined): Promise<void>;
}

/** Which attempt is running: set by the owner (owner.ts) around each activity. */
export const attempts = new AsyncLocalStorage<Attempt>();

/** @throws Error outside an activity of a worker that has the attempt interceptor. */
export function currentAttempt(): Attempt {
  const attempt = attempts.getStore();
  if (!attempt) throw new Error('No attempt is running here: register attemptInterceptor with the worker.');
  return attempt;
}
