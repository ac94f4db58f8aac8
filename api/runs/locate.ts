// Finds a boundary by counting, where nothing is known yet: for the first jump deep into a long list.
import type { Boundary } from './boundaries.ts';

/** No list is so long or so uneven that more are needed; then the nearest boundary found must do. */
const mostCounts = 40;
const firstStepMs = 60_000;

/**
 * A boundary whose `below` is from `low` to `high`, between `lo` (undefined: the beginning of time) and `hi`; the
 * best one on the side of `low` when runs stand too close for that.
 * @param count the number of runs older than a time, one call each
 */
export async function locate(
  range: { low: number; high: number },
  slot: { lo: Boundary | undefined; hi: Boundary },
  count: (at: number) => Promise<number>,
): Promise<Boundary | undefined> {
  let { lo, hi } = slot;
  let step = firstStepMs;
  for (let counts = 0; counts < mostCounts && (!lo || hi.at - lo.at > 1); counts++) {
    const at = lo ? between(lo, hi, (range.low + range.high) / 2, counts) : hi.at - step;
    step *= 8;
    const below = await count(at);
    if (below > range.high) hi = { at, below };
    else if (below < range.low) lo = { at, below };
    else return { at, below };
    if (lo === undefined && at <= 0) break;
  }
  return lo;
}

/** By proportion, and every third time by halves, so that an uneven list cannot hold it up. */
function between(lo: Boundary, hi: Boundary, wanted: number, counts: number): number {
  const share = counts % 3 === 2 || hi.below === lo.below ? 0.5 : (wanted - lo.below) / (hi.below - lo.below);
  const at = Math.round(lo.at + share * (hi.at - lo.at));
  return Math.min(Math.max(at, lo.at + 1), hi.at - 1);
}
