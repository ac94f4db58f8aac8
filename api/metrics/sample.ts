// The runs of a time whose figures are added up one by one: the newest of those under way and of those that have ended.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { Core } from '../deps.ts';
import { createdAt, current } from '../runs/current.ts';
import type { RunQueries, Window } from '../runs/filter.ts';
import type { Visibility } from '../runs/visibility.ts';
import type { Tokens } from './tokens.ts';

export interface Sample {
  /** In order of their creation, the newest first; a restored one once. */
  runs: WorkflowExecutionInfo[];
  tokens: number;
  /** The runs that `tokens` is the sum of. */
  sampled_runs: number;
}

/** Each costs a read of its history, an ended one once. */
const mostOpen = 100;
const mostEnded = 500;

/** How long histories are read for one answer, in ms. */
const readMs = 3000;

export interface Sampling {
  deps: Core;
  visibility: Visibility;
  tokens: Tokens;
}

/** Two calls to visibility. */
export async function sample(
  { deps, visibility, tokens }: Sampling,
  queries: RunQueries,
  window: Window,
): Promise<Sample> {
  const [open, ended] = await Promise.all([
    visibility.records(queries, { ...window, open: true }, { size: mostOpen }),
    visibility.records(queries, { ...window, open: false }, { size: mostEnded }),
  ]);
  const runs = current([...open.records, ...ended.records], (run) => !deps.removed.has(run));
  const sum = await tokens.sum(runs, readMs);
  return { runs, tokens: sum.tokens, sampled_runs: sum.runs };
}

/** From its creation to its end, in seconds; undefined while it is open. */
export const durationOf = (run: WorkflowExecutionInfo): number | undefined =>
  run.closeTime && Math.max(0, run.closeTime.getTime() - createdAt(run)) / 1000;

/** Null: of nothing. */
export const average = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
