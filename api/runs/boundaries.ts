// Where pages of a long list begin: points in time of which is known how many runs are older.
import { LRUCache } from 'lru-cache';

/** `below`: the number of runs of the filter with CreatedAt < `at` (ms). New runs do not change it: they come on top. */
export interface Boundary {
  at: number;
  below: number;
}

/** Runs from `lo` (inclusive) to `hi` (exclusive). Undefined ends are open. */
export interface Slot {
  lo: Boundary | undefined;
  hi: Boundary | undefined;
}

/** Positions of runs, counted from the oldest: `from` inclusive, `to` exclusive. */
export interface Range {
  from: number;
  to: number;
}

export interface Boundaries {
  /** The narrowest known slot around the range. */
  around(range: Range): Slot;
  /** About where so many runs stand below a known boundary, as thickly as they stand above it; undefined: no telling. */
  guessBelow(boundary: Boundary, runs: number): Boundary | undefined;
  /** Takes what was just measured; older knowledge that contradicts it is dropped. */
  learn(fresh: readonly Boundary[]): void;
}

const mostBoundaries = 4000;
/** How many boundaries tell how thickly runs stand. */
const density = 8;

export function createBoundaries(): Boundaries {
  // Ascending by `at`, and so by `below`.
  let known: Boundary[] = [];

  const add = (point: Boundary) => {
    const before = known.filter(({ at, below }) => at < point.at && below <= point.below);
    const after = known.filter(({ at, below }) => at > point.at && below >= point.below);
    known = [...before, point, ...after];
  };

  return {
    around: ({ from, to }) => ({
      lo: known.findLast(({ below }) => below <= from),
      hi: known.find(({ below }) => below >= to),
    }),
    guessBelow({ at, below }, runs) {
      const above = known.filter((point) => point.below > below).at(density - 1) ?? known.at(-1);
      if (!above || above.below <= below) return undefined;
      const msPerRun = (above.at - at) / (above.below - below);
      return { at: Math.floor(at - msPerRun * runs) - 1, below: Math.max(below - runs, 0) };
    },
    learn(fresh) {
      // Runs go at the old end: what one boundary has lost, all newer ones have.
      const newest = fresh.toSorted((a, b) => a.at - b.at).at(-1);
      const before = newest && known.find(({ at }) => at === newest.at);
      if (newest && before) {
        const lost = before.below - newest.below;
        known = known.map((point) => (point.at > newest.at ? { ...point, below: point.below - lost } : point));
      }
      for (const point of fresh) add(point);
      if (known.length > mostBoundaries) known = known.filter((_, index) => index % 2 === 0);
    },
  };
}

const mostFilters = 200;

/** The boundaries of each filter; those that were not asked for longest are forgotten first. */
export function createBoundaryCache(): (key: string) => Boundaries {
  const byFilter = new LRUCache<string, Boundaries>({ max: mostFilters });
  return (key) => {
    const known = byFilter.get(key);
    if (known) return known;
    const fresh = createBoundaries();
    byFilter.set(key, fresh);
    return fresh;
  };
}

/** A boundary every so many runs. */
const stride = 25;

/**
 * What a list tells: `ages` are the CreatedAt of consecutive runs, newest first, and `above` is the number of runs
 * before the first of them. A boundary stands only where the time changes: runs of one millisecond stay together.
 */
export function boundariesIn(ages: readonly number[], above: number, total: number): Boundary[] {
  const found: Boundary[] = [];
  for (let i = 0, last = 0; i < ages.length; i++) {
    const at = ages[i]!;
    if (ages[i + 1] === at || (i + 1 - last < stride && i + 1 < ages.length)) continue;
    found.push({ at, below: total - above - i - 1 });
    last = i + 1;
  }
  return found;
}
