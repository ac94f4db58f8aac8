// One page of a list of runs, newest first with its exact total, over a visibility that knows no order but its own.
import { type Boundaries, createBoundaryCache, type Range, type Slot } from './boundaries.ts';
import { readLocated, readWhole, readWholeUpTo } from './deep.ts';
import type { RunQueries } from './filter.ts';
import { type Pivot, readSlot } from './slot.ts';
import { readTop } from './top.ts';
import { pageSize, type Visibility } from './visibility.ts';
import { around, type List, margin, mostIn, type RunPage } from './wanted.ts';

export type RunPages = (queries: RunQueries, offset: number, limit: number) => Promise<RunPage>;

/** So few runs are listed whole rather than looked for. */
const few = 200;

export function createRunPages(visibility: Visibility, clock: () => number = Date.now): RunPages {
  const boundariesOf = createBoundaryCache();

  return async (queries, offset, limit) => {
    const total = await visibility.count(queries, {});
    if (offset >= total) return { total, runs: [] };
    const list: List = {
      visibility,
      queries,
      boundaries: boundariesOf(`${visibility.seenBy()} ${queries.key}`),
      wanted: { offset, end: Math.min(offset + limit, total), total },
    };
    return (
      (await readKnown(list)) ?? (await readTop(list)) ?? (await readWhole(list)) ?? (await readLocated(list, clock()))
    );
  };
}

/** From the boundaries of earlier pages: a count and a list; when they turn out to be off, one list more. */
async function readKnown(list: List): Promise<RunPage | undefined> {
  const { boundaries, wanted } = list;
  const { total } = wanted;
  const range = around(wanted);
  let pivot: Pivot | undefined;
  for (let tries = 0; tries < 2; tries++) {
    const slot = including(pivot, nearby(boundaries, range, total), total);
    const most = slot.lo || slot.hi ? mostIn(wanted) - margin : few;
    if ((slot.hi?.below ?? total) - (slot.lo?.below ?? 0) > most) return undefined;
    const read = await readSlot(list, slot, pivot);
    if (read.fits) return read.page;
    pivot = read.pivot;
  }
  return undefined;
}

/** Who pages on from what is known finds a boundary above, and none near below: there it is guessed, generously. */
function nearby(boundaries: Boundaries, range: Range, total: number): Slot {
  const { lo, hi } = boundaries.around(range);
  const near = hi && hi.below - range.to <= few && hi.below - (lo?.below ?? 0) > pageSize / 2;
  if (!near || total <= readWholeUpTo) return { lo, hi };
  const guess = boundaries.guessBelow(hi, 2 * (hi.below - range.from) + few);
  return { lo: guess ?? lo, hi };
}

/** A slot must hold its pivot, or nothing says how many runs are above it. */
function including(pivot: Pivot | undefined, slot: Slot, total: number): Slot {
  if (!pivot) return slot;
  const known = { at: pivot.at, below: total - pivot.above };
  if (slot.hi && slot.hi.at < pivot.at) return { ...slot, hi: known };
  return slot.lo && slot.lo.at > pivot.at ? { ...slot, lo: known } : slot;
}
