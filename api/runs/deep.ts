// Reads a page deep in a list of which nothing is known yet.
import { type Boundary, boundariesIn } from './boundaries.ts';
import { createdAt, current } from './current.ts';
import { locate } from './locate.ts';
import { readSlot } from './slot.ts';
import { pageSize } from './visibility.ts';
import { around, clockSkewMs, type List, margin, mostIn, type RunPage } from './wanted.ts';

/** A count takes Temporal as long as to list 20 runs: so near to the page it pays to look for a boundary. */
const narrow = 200;
const mostListCalls = 10;
/** With its count that is 4 calls. */
export const readWholeUpTo = 3 * pageSize;

/** A list of up to 3,000 runs is read whole, once. */
export async function readWhole({ visibility, queries, boundaries, wanted }: List): Promise<RunPage | undefined> {
  const { offset, end, total } = wanted;
  if (total > readWholeUpTo) return undefined;
  const { records, all } = await visibility.records(queries, {}, { pages: readWholeUpTo / pageSize });
  const runs = current(records, queries.wants);
  // A full last page does not say that it is the last one; the total does.
  if (!all && runs.length < total) return undefined;
  boundaries.learn(boundariesIn(runs.map(createdAt), 0, runs.length));
  return { total: runs.length, runs: runs.slice(offset, end) };
}

/** Where nothing is known, or what was known has turned out wrong: a slot around the page is found by counting first. */
export async function readLocated(list: List, now: number): Promise<RunPage> {
  const { visibility, queries, boundaries, wanted } = list;
  const { offset, end, total } = wanted;
  const range = around(wanted);
  const count = (at: number) => visibility.count(queries, { to: at });
  const recount = async (known: Boundary | undefined) => known && { at: known.at, below: await count(known.at) };
  const known = boundaries.around(range);
  const [lo, hi] = await Promise.all([recount(known.lo), recount(known.hi)]);
  const top = { at: now + clockSkewMs, below: total };
  const most = mostIn(wanted) - margin;
  const found = await locate(
    { range, narrow: Math.min(end - offset + narrow, most), most },
    { lo: lo && lo.below <= range.from ? lo : undefined, hi: hi && hi.below >= range.to ? hi : top },
    count,
  );
  const slot = { lo: found.lo, hi: found.hi === top ? undefined : found.hi };
  // Restored runs have more records than one: here the slot is listed to its end, whatever it takes.
  return (await readSlot(list, slot, undefined, mostListCalls)).page;
}
