// Puts the texts of a run together from its events, as they stand at any moment.
import type { ClientEvent } from './event.ts';

export interface Texts {
  take(event: ClientEvent): void;
  /** What the step has said so far. */
  of(step: string): string;
  /** What was said last: when the run has completed, the text of its answer. */
  newest(): string;
}

export function createTexts(): Texts {
  const texts = new Map<string, string>();
  let last: string | undefined;
  const set = (step: string, text: string): void => {
    texts.set(step, text);
    last = step;
  };
  const of = (step: string): string => texts.get(step) ?? '';
  return {
    take(event) {
      if (event.type === 'content_delta') set(event.data.step, of(event.data.step) + event.data.content);
      else if (event.type === 'content_reset') set(event.data.step, of(event.data.step).slice(0, event.data.offset));
      // A step's key may be given again after a rewind; what was said before no longer counts.
      else if (event.type === 'run_rewound' || event.type === 'restarted') texts.clear();
      else if (event.type === 'step_started' && event.data.round === 0) texts.delete(event.data.step);
    },
    of,
    newest: () => (last === undefined ? '' : of(last)),
  };
}
