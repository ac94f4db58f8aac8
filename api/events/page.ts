// A run's events as JSON pages: what a late viewer without tokens in flight would be sent, counted from the beginning.
import { isTerminal, type Frame } from './event.ts';
import type { Merge } from './merge.ts';

export interface EventPage {
  run_id: string;
  /** How many events there are so far. */
  total: number;
  events: Frame[];
}

export function pageOf(run: string, merge: Merge, offset: number, limit: number): EventPage {
  const events: Frame[] = [];
  let total = 0;
  for (let move = merge.next(merge.beginning); move; move = merge.next(move.cursor)) {
    if (total >= offset && events.length < limit) events.push(move.frame);
    total++;
    if (isTerminal(move.frame.type)) break;
  }
  return { run_id: run, total, events };
}
