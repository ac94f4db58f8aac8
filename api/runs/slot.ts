// Reads the runs of one slot of time, and learns from it where runs stand.
import { type Boundary, boundariesIn, type Slot } from './boundaries.ts';
import { createdAt, current } from './current.ts';
import { type List, listCalls, type RunPage } from './wanted.ts';

/** A time of which is known, for certain and as of now, how many runs are at least as new. */
export interface Pivot {
  at: number;
  above: number;
}

export interface SlotPage {
  /** The part of the page that the slot holds. */
  page: RunPage;
  /** It is the whole page, exactly. */
  fits: boolean;
  /** For the next slot: one that holds it needs no count. */
  pivot: Pivot | undefined;
}

/** A list, and a count where neither the slot's upper end is open nor a pivot is in it. */
export async function readSlot(
  { visibility, queries, boundaries, wanted }: List,
  { lo, hi }: Slot,
  pivot?: Pivot,
  calls = listCalls(wanted),
): Promise<SlotPage> {
  const { offset, end, total } = wanted;
  const [counted, listed] = await Promise.all([
    hi && !pivot ? visibility.count(queries, { from: hi.at }) : undefined,
    visibility.records(queries, { from: lo?.at, to: hi?.at }, { pages: calls }),
  ]);
  const runs = current(listed.records, queries.wants);
  const above = counted ?? (hi && pivot ? pivot.above - runs.filter((run) => createdAt(run) >= pivot.at).length : 0);
  const fits = listed.all && above <= offset && (end <= above + runs.length || !lo);
  if (listed.all)
    boundaries.learn([...edges(lo, hi, above, runs.length, total), ...boundariesIn(runs.map(createdAt), above, total)]);
  const page = { total, runs: runs.slice(Math.max(offset - above, 0), Math.max(end - above, 0)) };
  return { page, fits, pivot: hi ? { at: hi.at, above } : undefined };
}

/** What a list tells of the slot's own ends. */
function edges(
  lo: Boundary | undefined,
  hi: Boundary | undefined,
  above: number,
  runs: number,
  total: number,
): Boundary[] {
  const found: Boundary[] = [];
  if (lo) found.push({ at: lo.at, below: total - above - runs });
  if (hi) found.push({ at: hi.at, below: total - above });
  return found;
}
