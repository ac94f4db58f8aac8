// Numbers a response's events so that any number can be gone on from, however often the text is cut differently.

/**
 * Each event that is not text counts one, each UTF-16 code unit of text counts one: an event's number is the count up to
 * its end. So the numbers of a text do not depend on the pieces it came in, live or later. A text that begins anew (its
 * model call was taken again) is numbered in a range of its own, far above the one before; history knows how many tries
 * there were, so later readers count the same.
 */
export interface Sequence {
  /** Counts an event, or the units of a text: the number of its end. */
  readonly next: (units?: number) => number;
  /** A text begins, or goes on, in the try of that ordinal, from 0. False: that is not a later one than it should be. */
  enter(trial: number): boolean;
  /** What was said since the text began does not count: it is to begin anew, in a later try. */
  restart(): void;
  /** The text is at its end. */
  leave(): void;
}

/** More characters than an answer can have. */
export const range = 1_000_000_000;

export function createSequence(): Sequence {
  let units = -1;
  let ranges = 0;
  /** The text that is being said. `least`: the earliest try that it may go on in. */
  let text: { from: number; trial: number; least: number } | undefined;
  return {
    next(count = 1) {
      units += count;
      return ranges * range + units;
    },
    enter(trial) {
      text ??= { from: units, trial: 0, least: 0 };
      if (trial < text.least) return false;
      ranges += trial - text.trial;
      text.trial = trial;
      text.least = trial;
      return true;
    },
    restart() {
      if (!text) return;
      units = text.from;
      text.least = text.trial + 1;
    },
    leave() {
      text = undefined;
    },
  };
}
