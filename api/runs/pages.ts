// One page of a list of runs, newest first with its exact total, over a visibility that knows no order but its own.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { type Boundaries, type Boundary, boundariesIn, createBoundaryCache, type Slot } from './boundaries.ts';
import { createdAt, current } from './current.ts';
import type { RunQueries } from './filter.ts';
import { locate } from './locate.ts';
import { pageSize, type Visibility } from './visibility.ts';

export interface RunPage {
  total: number;
  runs: WorkflowExecutionInfo[];
}

export type RunPages = (queries: RunQueries, offset: number, limit: number) => Promise<RunPage>;

/** A list of up to 3,000 runs is read whole, once: with its count that is 4 calls. */
const readWholeUpTo = 3 * pageSize;
/** A page up to here is looked for in the newest 1,000 records first. */
const nearTop = 500;
/** How far the clock of whoever named CreatedAt may be ahead of Temporal's, in ms. */
const clockSkewMs = 5000;
/** Boundaries may be off by the runs that were removed since: so many more are read on either side. */
const margin = 10;

/** Positions from the newest, as the page asks for them: `offset` inclusive, `end` exclusive. */
interface Wanted {
  offset: number;
  end: number;
  total: number;
}

/** A time of which is known, for certain and as of now, how many runs are at least as new. */
interface Pivot {
  at: number;
  above: number;
}

export function createRunPages(visibility: Visibility, clock: () => number = Date.now): RunPages {
  const boundariesOf = createBoundaryCache();

  return async (queries, offset, limit) => {
    const total = await visibility.count(queries, {});
    if (offset >= total) return { total, runs: [] };
    const list: List = {
      visibility,
      queries,
      boundaries: boundariesOf(queries.key),
      wanted: { offset, end: Math.min(offset + limit, total), total },
    };
    return (await readKnown(list)) ?? (await readTop(list)) ?? (await readLocated(list, clock()));
  };
}

interface List {
  visibility: Visibility;
  queries: RunQueries;
  boundaries: Boundaries;
  wanted: Wanted;
}

/** The calls that a slot may take to list. */
const listCalls = ({ offset, end }: Wanted): number => (end - offset > nearTop ? 2 : 1);
const mostIn = (wanted: Wanted): number => listCalls(wanted) * pageSize;

/** From the boundaries of earlier pages: a count and a list; when they turn out to be off, one list more. */
async function readKnown(list: List): Promise<RunPage | undefined> {
  const { boundaries, wanted } = list;
  const { offset, end, total } = wanted;
  let pivot: Pivot | undefined;
  for (let tries = 0; tries < 2; tries++) {
    const around = { from: Math.max(total - end - margin, 0), to: Math.min(total - offset + margin, total) };
    const slot = including(pivot, boundaries.around(around), total);
    if ((slot.hi?.below ?? total) - (slot.lo?.below ?? 0) > mostIn(wanted) - margin) return undefined;
    const read = await readSlot(list, slot, pivot);
    if (read.fits) return read.page;
    pivot = read.pivot;
  }
  return undefined;
}

/** A slot must hold its pivot, or nothing says how many runs are above it. */
function including(pivot: Pivot | undefined, slot: Slot, total: number): Slot {
  if (!pivot) return slot;
  const known = { at: pivot.at, below: total - pivot.above };
  if (slot.hi && slot.hi.at < pivot.at) return { ...slot, hi: known };
  return slot.lo && slot.lo.at > pivot.at ? { ...slot, lo: known } : slot;
}

/** The newest records in visibility's order, as far as they prove what the page holds. */
async function readTop({ visibility, queries, boundaries, wanted }: List): Promise<RunPage | undefined> {
  const { offset, end, total } = wanted;
  const calls = total <= readWholeUpTo ? readWholeUpTo / pageSize : Number(end <= nearTop);
  if (calls === 0) return undefined;
  const runsOf = (records: WorkflowExecutionInfo[]) => current(records, queries.wants);
  const proven = (records: WorkflowExecutionInfo[]) => {
    const since = unseenBefore(records);
    return runsOf(records).filter((run) => createdAt(run) >= since);
  };
  const read = await visibility.records(queries, {}, calls, (found) => proven(found).length >= end);
  const found = runsOf(read.records);
  // A full last page does not say that it is the last one; the total does.
  const all = read.all || found.length >= total;
  const runs = all ? found : proven(read.records);
  if (!all && runs.length < end) return undefined;
  const exact = all ? runs.length : total;
  boundaries.learn(boundariesIn(runs.map(createdAt), 0, exact));
  return { total: exact, runs: runs.slice(offset, end) };
}

/** All runs created at this time or later are among the records: what was not seen had ended before. */
function unseenBefore(records: readonly WorkflowExecutionInfo[]): number {
  const closed = records.at(-1)?.closeTime;
  return closed ? closed.getTime() + clockSkewMs : Number.POSITIVE_INFINITY;
}

/** Where nothing is known: boundaries on both sides are found by counting first. */
async function readLocated(list: List, now: number): Promise<RunPage> {
  const { visibility, queries, boundaries, wanted } = list;
  const { offset, end, total } = wanted;
  const slack = Math.floor((mostIn(wanted) - (end - offset)) / 2) - margin;
  const known = boundaries.around({ from: total - end, to: total - offset });
  const top = { at: now + clockSkewMs, below: total };
  const count = (at: number) => visibility.count(queries, { to: at });
  const find = async (low: number, high: number) =>
    await locate({ low, high }, { lo: known.lo, hi: known.hi ?? top }, count);
  const hi = offset <= slack ? undefined : await find(total - offset, total - offset + slack);
  const lo = total - end <= slack ? undefined : await find(total - end - slack, total - end);
  return (await readSlot(list, { lo, hi }, undefined)).page;
}

/** The part of the page that the slot holds. `fits`: it is the whole page, exactly. */
async function readSlot(
  { visibility, queries, boundaries, wanted }: List,
  { lo, hi }: Slot,
  pivot: Pivot | undefined,
): Promise<{ page: RunPage; fits: boolean; pivot: Pivot | undefined }> {
  const { offset, end, total } = wanted;
  const [counted, listed] = await Promise.all([
    hi && !pivot ? visibility.count(queries, { from: hi.at }) : undefined,
    visibility.records(queries, { from: lo?.at, to: hi?.at }, listCalls(wanted)),
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
