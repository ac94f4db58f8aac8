// A page of activities: what runs first, then what is queued, then the rest; the newest first inside each.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { Core } from '../../deps.ts';
import { queriesOf, type RunQueries } from '../../runs/filter.ts';
import { inTurns } from '../../runs/list.ts';
import { createRunPages } from '../../runs/pages.ts';
import { createVisibility } from '../../runs/visibility.ts';
import { type Activities, type Activity, isOver, type Standing } from './activity.ts';

export interface ActivityPage {
  items: Activity[];
  total: number;
  page: number;
  pages: number;
}

export type ListActivities = (page: number, pageSize: number) => Promise<ActivityPage>;

/** So many open runs are asked whether they run or are queued. */
const mostAsked = 200;

export function createListActivities(deps: Core, activities: Activities): ListActivities {
  const visibility = createVisibility(deps);
  const readPage = createRunPages(visibility, deps.clock);

  const at = async (queries: RunQueries, from: number, to: number): Promise<Found> => {
    if (to <= from) return { total: await visibility.count(queries, {}), runs: [] };
    const { total, runs } = await readPage(queries, from, to - from);
    const kept = runs.filter((run) => !deps.removed.has(run));
    return { total: total - (runs.length - kept.length), runs: kept };
  };

  /** The page's part of the newest open runs, in the order that they have when each was asked. */
  const inOrder = async (runs: WorkflowExecutionInfo[], from: number, to: number): Promise<WorkflowExecutionInfo[]> => {
    const ranked = await inTurns(runs, async (run) => ({ run, rank: ranks[await activities.stands(run)] }));
    return ranked
      .toSorted((a, b) => a.rank - b.rank)
      .slice(from, to)
      .map(({ run }) => run);
  };

  return async (page, pageSize) => {
    const [from, to] = [(page - 1) * pageSize, page * pageSize];
    const newest = await at(open, 0, from < mostAsked ? mostAsked : 0);
    const older = await at(open, Math.max(from, mostAsked), Math.min(Math.max(to, mostAsked), newest.total));
    const rest = await at(ended, Math.max(from - newest.total, 0), Math.max(to - newest.total, 0));
    const runs = [...(await inOrder(newest.runs, from, to)), ...older.runs, ...rest.runs];
    const read = await inTurns(unique(runs), (run) => activities.row(run));
    const items = openFirst(read.filter((item) => item !== undefined));
    const total = newest.total + rest.total;
    return { items: items.slice(0, pageSize), total, page, pages: Math.ceil(total / pageSize) };
  };
}

const open = queriesOf({ standing: 'open' });
const ended = queriesOf({ standing: 'ended' });

interface Found {
  total: number;
  runs: WorkflowExecutionInfo[];
}

/** Visibility lags: what has just ended is still among the open ones. */
const ranks: Record<Standing, number> = { 'taken up': 0, queued: 1, over: 2 };

/** What has ended since its place was found. */
const openFirst = (items: Activity[]): Activity[] => items.toSorted((a, b) => Number(isOver(a)) - Number(isOver(b)));

/** A run that ends between two questions is in both answers. */
const unique = (runs: WorkflowExecutionInfo[]): WorkflowExecutionInfo[] => [
  ...new Map(runs.map((run) => [run.workflowId, run])).values(),
];
