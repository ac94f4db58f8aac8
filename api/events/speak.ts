// How a step's text is said to a viewer who may have been shown a part of it, or of another attempt's text.
import type { StreamEvent } from './event.ts';
import type { Shown } from './id.ts';
import type { Entry, RunRecord } from './record.ts';
import type { Speech } from './spoken.ts';
import type { Words } from './story.ts';

/** A text to be said, whole or as far as it is there. */
export interface Saying {
  step: string;
  round: number;
  attempt: number;
  length: number;
  from(offset: number): string;
  /** How many of the characters that the viewer was shown stand at the beginning of this text too. */
  kept(shown: Shown): number;
  /** The attempt under which a text is said anew, after `kept` characters of what was shown. */
  anew: number;
}

/** Undefined when the viewer has been shown all of it. */
export function speak(
  saying: Saying,
  shown: readonly Shown[],
): { event: StreamEvent; shown: readonly Shown[] } | undefined {
  const { step, round, attempt, length } = saying;
  const before = shown.find((one) => one.step === step);
  const kept = before ? saying.kept(before) : 0;
  if (before && kept < before.sent) {
    const reset = { step, round, attempt: saying.anew, sent: kept };
    return { event: { type: 'content_reset', data: { step, offset: kept } }, shown: replaced(shown, reset) };
  }
  if (kept >= length) return undefined;
  const event = { type: 'content_delta', data: { content: saying.from(kept), step } } as const;
  const anew = before?.round === round && before.attempt === saying.anew;
  return { event, shown: replaced(shown, { step, round, attempt: anew ? saying.anew : attempt, sent: length }) };
}

/** The stored text of a step that has ended. */
export function stored({ timeline, agreed }: Entry, words: Words, record: RunRecord): Saying {
  const { step, round, attempt, text } = words;
  const same = (shown: Shown) => shown.round === round && (shown.attempt === attempt || shown.attempt === 0);
  return {
    step,
    round,
    attempt,
    length: text.length,
    anew: 0,
    from: (offset) => text.slice(offset),
    kept(shown) {
      if (!same(shown)) return keptOfPartial(record.partial(timeline, step, shown.round), shown, text);
      return Math.min(shown.sent, shown.attempt === 0 ? text.length : agreed);
    },
  };
}

/** The text of an attempt that is speaking. */
export function heard(speech: Speech, record: RunRecord): Saying {
  const { timeline, step, round, attempt, base, previous, text } = speech;
  return {
    step,
    round,
    attempt,
    length: text.length,
    anew: attempt,
    from: (offset) => text.from(offset),
    kept(shown) {
      const older = shown.round - round || shown.attempt - attempt;
      // Another process has heard more of it than this one: what was shown stands, and the rest will come.
      if (older >= 0) return shown.sent;
      const follows = previous
        ? previous.round === shown.round && previous.attempt === shown.attempt
        : shown.round === round && shown.attempt === attempt - 1;
      const partial = record.partial(timeline, step, shown.round);
      return Math.max(
        follows ? Math.min(shown.sent, base) : 0,
        partial && base > 0 ? Math.min(base, keptOfPartial(partial, shown, text.from(0))) : 0,
      );
    },
  };
}

/** What was shown of an aborted round is known from its partial: it stands if the text goes on from there. */
function keptOfPartial(partial: Words | undefined, shown: Shown, text: string): number {
  if (!partial || (shown.attempt !== partial.attempt && shown.attempt !== 0)) return 0;
  if (shown.sent > partial.text.length) return 0;
  return text.startsWith(partial.text.slice(0, shown.sent)) ? shown.sent : 0;
}

function replaced(shown: readonly Shown[], one: Shown): readonly Shown[] {
  return shown.some(({ step }) => step === one.step)
    ? shown.map((known) => (known.step === one.step ? one : known))
    : [...shown, one];
}
