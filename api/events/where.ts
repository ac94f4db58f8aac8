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

export const placeOf = ({ timeline }: Pick<Where, 'timeline'>, { id, origin }: Happening): Checkpoint =>
  origin ? { timeline: origin.timeline, event: origin.event } : { timeline, event: id };

/** Of another event of the same history: events count from 1 in each. */
export const keyOf = (where: Pick<Where, 'timeline'>, happening: Happening, event: number): string =>
  `${placeOf(where, happening).timeline}/${event}`;
