// The page of a list that is wanted, and what is at hand to find it.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { Boundaries, Range } from './boundaries.ts';
import type { RunQueries } from './filter.ts';
import { pageSize, type Visibility } from './visibility.ts';

/** Positions from the newest: `offset` inclusive, `end` exclusive; `total` as counted just now. */
export interface Wanted {
  offset: number;
  end: number;
  total: number;
}

export interface List {
  visibility: Visibility;
  queries: RunQueries;
  boundaries: Boundaries;
  wanted: Wanted;
}

export interface RunPage {
  total: number;
  runs: WorkflowExecutionInfo[];
}

/** More than this are listed in two calls. */
const longPage = 500;

/** The calls that a slot may take to list. */
export const listCalls = ({ offset, end }: Wanted): number => (end - offset > longPage ? 2 : 1);
export const mostIn = (wanted: Wanted): number => listCalls(wanted) * pageSize;

/** How far the clock of whoever named CreatedAt may be ahead of Temporal's, in ms. */
export const clockSkewMs = 5000;
/** Boundaries may be off by the runs that were removed since: so many more are read on either side. */
export const margin = 10;

/** The page's positions from the oldest, with the margin. */
export const around = ({ offset, end, total }: Wanted): Range => ({
  from: Math.max(total - end - margin, 0),
  to: Math.min(total - offset + margin, total),
});
