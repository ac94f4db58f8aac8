// Reads a page near the top of a list of which nothing is known yet.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { boundariesIn } from './boundaries.ts';
import { createdAt, current } from './current.ts';
import { readSlot } from './slot.ts';
import { clockSkewMs, type List, type RunPage } from './wanted.ts';

/** Pages that end here are near the top. */
const nearTop = 200;
/** So many runs more are read, so that the next pages find boundaries. */
const spare = 50;

/**
 * From the newest open and the newest ended records: what was not seen had begun, or had ended, before all of these. When
 * that does not prove the page, the time of its last run so far bounds a slot that must hold the page.
 */
export async function readTop(list: List): Promise<RunPage | undefined> {
  const { visibility, queries, boundaries, wanted } = list;
  const { offset, end, total } = wanted;
  if (end > nearTop) return undefined;
  const size = Math.max(3 * end, 50);
  const [open, ended] = await Promise.all([
    visibility.records(queries, { open: true }, { size }),
    visibility.records(queries, { open: false }, { size }),
  ]);
  const runs = current([...open.records, ...ended.records], queries.wants);
  const since = Math.max(unseenBefore(open, 'startTime'), unseenBefore(ended, 'closeTime'));
  const proven = runs.filter((run) => createdAt(run) >= since);
  const last = runs[Math.min(end + spare, runs.length) - 1];
  if (proven.length >= end) {
    boundaries.learn(boundariesIn(proven.map(createdAt), 0, total));
    return { total, runs: proven.slice(offset, end) };
  }
  if (!last || runs.length < end) return undefined;
  const read = await readSlot(list, { lo: { at: createdAt(last), below: total - end }, hi: undefined });
  return read.fits ? read.page : undefined;
}

/** All runs created at this time or later are among the records. */
function unseenBefore(
  { records, all }: { records: WorkflowExecutionInfo[]; all: boolean },
  time: 'startTime' | 'closeTime',
): number {
  const last = records.at(-1)?.[time];
  return all || !last ? Number.NEGATIVE_INFINITY : last.getTime() + clockSkewMs;
}
