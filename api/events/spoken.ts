// What the attempts of a run are saying now, mirrored from the hub: of each step the newest attempt's text.
import type { AttemptKey, Hub, HubEvent, InFlight } from '../../activities/hub.ts';
import { growingText, type GrowingText } from './text.ts';

export interface Speech {
  readonly timeline: string;
  readonly step: string;
  readonly round: number;
  readonly attempt: number;
  /** The text begins with the first `base` characters of what `previous` had said. */
  readonly base: number;
  readonly previous: { round: number; attempt: number } | undefined;
  readonly text: GrowingText;
}

export interface Spoken {
  of(timeline: string, step: string): Speech | undefined;
  /** The end of this step is in history: its text is read from there. */
  settle(timeline: string, step: string): void;
  close(): void;
}

export function listen(hub: Hub, run: string, changed: () => void): Spoken {
  const speeches = new Map<string, Speech>();

  const catchUp = (known: InFlight) => {
    const before = speeches.get(keyOf(known));
    if (before && compare(before, known) > 0) return;
    const same = before && compare(before, known) === 0;
    const previous = same ? before.previous : before && { round: before.round, attempt: before.attempt };
    speeches.set(keyOf(known), { ...known, previous, text: growingText(known.text) });
  };

  const resync = (event: HubEvent) => {
    const known = hub.inFlight(run).find((flight) => keyOf(flight) === keyOf(event) && compare(flight, event) === 0);
    if (known) catchUp(known);
  };

  const hear = (event: HubEvent) => {
    const speech = speeches.get(keyOf(event));
    const age = speech ? compare(event, speech) : 1;
    if (event.kind === 'closed' || age < 0) return;
    if (event.kind === 'opened') {
      if (age > 0) open(event, speech);
    } else if (speech && age === 0 && event.offset <= speech.text.length) {
      speech.text.append(event.text.slice(speech.text.length - event.offset));
    } else resync(event);
    changed();
  };

  const open = (event: Extract<HubEvent, { kind: 'opened' }>, speech: Speech | undefined) => {
    const { timeline, step, round, attempt, offset, text } = event;
    const previous = speech && { round: speech.round, attempt: speech.attempt };
    speeches.set(keyOf(event), { timeline, step, round, attempt, base: offset, previous, text: growingText(text) });
  };

  // Subscribed first: what comes between the two is heard twice, and the second time found to be known.
  const unsubscribe = hub.subscribe(run, hear);
  for (const flight of hub.inFlight(run)) catchUp(flight);

  return {
    of: (timeline, step) => speeches.get(keyOf({ timeline, step })),
    settle(timeline, step) {
      const mine = (flight: AttemptKey) => flight.timeline === timeline && flight.step === step;
      speeches.delete(keyOf({ timeline, step }));
      if (hub.inFlight(run).some(mine)) hub.forget(run, step);
    },
    close: unsubscribe,
  };
}

const keyOf = ({ timeline, step }: { timeline: string; step: string }): string => `${timeline}/${step}`;

type Try = Pick<AttemptKey, 'round' | 'attempt'>;

const compare = (a: Try, b: Try): number => a.round - b.round || a.attempt - b.attempt;
