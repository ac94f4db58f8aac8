// Finds boundaries around a page by counting, where nothing is known yet: for the first jump deep into a long list.
import type { Boundary, Range, Slot } from './boundaries.ts';

/** No list is so long or so uneven that more are needed; then the nearest boundaries found must do. */
const mostCounts = 40;
/** After so many, a slot that can be listed is narrow enough. */
const patience = 12;
const firstStepMs = 60_000;

export interface Aim {
  /** Positions from the oldest that the slot must hold. */
  range: Range;
  /** A slot of so many runs is narrow. */
  narrow: number;
  /** One of more cannot be listed. */
  most: number;
}

/** What is between `lo` and `hi`, and between which times better ones may be: points inside the range are neither. */
interface Search {
  lo: Boundary | undefined;
  hi: Boundary;
  loBefore: number;
  hiAfter: number;
}

/**
 * A slot around the range, as narrow as many runs of one time allow.
 * @param slot where to look; `lo` undefined: from the beginning of time
 * @param count the number of runs older than a time, one call each
 */
export async function locate(
  { range, narrow, most }: Aim,
  slot: { lo: Boundary | undefined; hi: Boundary },
  count: (at: number) => Promise<number>,
): Promise<Slot> {
  // A little beside the range: a point inside it is of no use.
  const aimed = { from: range.from - narrow / 4, to: range.to + narrow / 4 };
  const search: Search = { ...slot, loBefore: slot.hi.at, hiAfter: slot.lo?.at ?? Number.NEGATIVE_INFINITY };
  for (let counts = 0; counts < mostCounts; counts++) {
    const size = search.hi.below - (search.lo?.below ?? 0);
    if (size <= narrow || (counts >= patience && size <= most)) break;
    const at = probe(search, aimed, counts);
    if (at === undefined) break;
    take(search, range, { at, below: await count(at) });
  }
  return { lo: search.lo, hi: search.hi };
}

function take(search: Search, { from, to }: Range, point: Boundary): void {
  if (point.below <= from) search.lo = point;
  else search.loBefore = Math.min(search.loBefore, point.at);
  if (point.below >= to) search.hi = point;
  else search.hiAfter = Math.max(search.hiAfter, point.at);
}

/** The next time to count at, on the side that is further off; undefined: both are as near as they can be. */
function probe(search: Search, { from, to }: Range, counts: number): number | undefined {
  const { lo, hi, loBefore, hiAfter } = search;
  if (!lo && loBefore === hi.at) return hi.at - firstStepMs * 8 ** counts;
  const below = lo ? between(lo.at, loBefore, interpolate(lo, hi, from, counts)) : loBefore - firstStepMs * 8 ** counts;
  const above = between(Math.max(hiAfter, lo?.at ?? hiAfter), hi.at, lo ? interpolate(lo, hi, to, counts) : undefined);
  const belowFirst = from - (lo?.below ?? 0) >= hi.below - to;
  return belowFirst ? (below ?? above) : (above ?? below);
}

/** The time at which so many runs would be older, by proportion; every third time by halves, against uneven lists. */
function interpolate(lo: Boundary, hi: Boundary, wanted: number, counts: number): number {
  const share = counts % 3 === 2 || hi.below === lo.below ? 0.5 : (wanted - lo.below) / (hi.below - lo.below);
  return lo.at + share * (hi.at - lo.at);
}

/** The whole ms nearest to `wanted` that is strictly between; undefined: there is none. */
function between(after: number, before: number, wanted: number | undefined): number | undefined {
  if (wanted === undefined || before - after <= 1) return undefined;
  return Math.min(Math.max(Math.round(wanted), after + 1), before - 1);
}
