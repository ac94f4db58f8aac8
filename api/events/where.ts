// Where something happened: in the timeline that is read, or in one whose journal it was served.
import type { Happening } from './happening.ts';
import type { Checkpoint } from './view.ts';

export interface Where {
  run: string;
  /** Ordinal of the timeline that is read, from 1. */
  ordinal: number;
  /** Its Temporal Run Id. */
  timeline: string;
  /** Of the timeline in which something happened, as far as it is one of the run's. */
  ordinalOf(happening: Happening): number;
}

export function placeOf({ timeline }: Pick<Where, 'timeline'>, { id, origin }: Happening): Checkpoint {
  if (!origin) return { timeline, event: id };
  // Its origin has another result there: the timeline that is read is the one to ask.
  return { timeline: origin.timeline, event: origin.event, ...(origin.edited && { within: timeline }) };
}

/** Tells places apart over all timelines of a run; within one alone, timeline and event do. */
export const placeInRun = ({ timeline, event, within = '' }: Checkpoint): string => `${timeline}/${event}/${within}`;

/** Of another event of the same history: events count from 1 in each. */
export const keyOf = (where: Pick<Where, 'timeline'>, happening: Happening, event: number): string =>
  `${placeOf(where, happening).timeline}/${event}`;
