// The hub: tokens in flight, on their way from the attempt that produces them to the streams that show them.
// Nothing in it is durable; what a step has said in the end is in its run's history.

/** One attempt of one step, as the streams tell attempts apart. */
export interface AttemptKey {
  /** Workflow Id of the run. */
  run: string;
  /** Temporal Run Id of the run's timeline. */
  timeline: string;
  /** Activity Id of the step: stays the same when the gate takes an aborted step again. */
  step: string;
  /** How often the gate has taken this step again after an abort: 0 the first time. */
  round: number;
  /** Temporal's attempt number within the round, from 1. */
  attempt: number;
}

export type HubEvent =
  /**
   * An attempt begins to speak; its text starts with the first `offset` characters of what was shown before.
   * `text`: those characters, for a hub that was not there when they were shown.
   */
  | ({ kind: 'opened'; offset: number; text: string } & AttemptKey)
  /** `text` stands at character `offset` (UTF-16 code units) of the step's whole text. */
  | ({ kind: 'delta'; offset: number; text: string } & AttemptKey)
  /** The attempt ended, in whatever way. Its text stays readable until the step's end is in history. */
  | ({ kind: 'closed' } & AttemptKey);

/** The whole text so far of a step's newest attempt; `base` = characters it took over from the one before. */
export interface InFlight extends AttemptKey {
  base: number;
  text: string;
}

export interface Hub {
  publish(event: HubEvent): void;
  /** Calls `listener` for every later event of the run, in order of publication. Returns the unsubscribe. */
  subscribe(run: string, listener: (event: HubEvent) => void): () => void;
  /** The steps of a run that have text in flight now. */
  inFlight(run: string): InFlight[];
  /** Forgets a step's text: its end is in history. */
  forget(run: string, step: string): void;
  /** A hint that a pause `now` or a cancel of this run is on its way: attempts ask Temporal at once. */
  hintAbort(run: string): void;
  onAbortHint(run: string, listener: () => void): () => void;
}
