// Lists executions: runs of one or more statuses of ours, newest first, each with its result.
import { LRUCache } from 'lru-cache';
import { unlessAbsent } from '../../absent.ts';
import { longRead } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { inTurns, type ListRuns } from '../../runs/list.ts';
import { startedAt, viewOf } from '../../runs/read.ts';
import type { RunRow } from '../../runs/shape.ts';
import { isEnded, type RunStatus } from '../../runs/status.ts';
import { executionOf, flowStatusOf, readExecution } from './execution.ts';
import type { Execution, FlowStatus } from './shape.ts';
import type { ToldExecutions } from './told.ts';

export interface Wanted {
  /** Undefined: of all. */
  workflow: string | undefined;
  status: FlowStatus | undefined;
  limit: number;
}

export type ListExecutions = (wanted: Wanted) => Promise<Execution[]>;

/** What of a run's statuses has to be listed for one of an execution's. */
const listed: Record<FlowStatus, readonly RunStatus[]> = {
  pending: ['queued'],
  running: ['running', 'paused', 'waiting'],
  completed: ['completed'],
  failed: ['failed', 'cancelled'],
};

/** So many open runs are looked through for the pending or the running ones among them. */
const mostLookedAt = 5000;
const smallestPage = 20;

export function createListExecutions(deps: Core, listRuns: ListRuns, told: ToldExecutions): ListExecutions {
  const readRow = createReadRow(deps);

  /** An open run's row is exact, so that some of a page may have another status than was asked for. */
  const rowsOf = async ({ workflow, status, limit }: Wanted, of: RunStatus | undefined): Promise<RunRow[]> => {
    const size = Math.max(limit, smallestPage);
    const found: RunRow[] = [];
    for (let offset = 0; offset < mostLookedAt; offset += size) {
      const page = await listRuns({ workflow, status: of }, { offset, limit: size });
      found.push(...page.items.filter((row) => status === undefined || flowStatusOf[row.status] === status));
      if (found.length >= limit || offset + size >= page.total) break;
    }
    return found;
  };

  return async (wanted) => {
    const { workflow, status, limit } = wanted;
    const pages = await Promise.all(
      (status === undefined ? [undefined] : listed[status]).map((one) => rowsOf(wanted, one)),
    );
    const rows = new Map(pages.flat().map((row) => [row.id, row]));
    const missed = told.of(workflow).filter((id) => !rows.has(id));
    const newest = [...rows.values()].toSorted((a, b) => byAge(of(a), of(b))).slice(0, limit);
    const all = await Promise.all([
      inTurns(newest, readRow),
      inTurns(missed, (id) => unlessAbsent(readExecution(deps, id))),
    ]);
    return all
      .flat()
      .filter((one) => one !== undefined)
      .filter((one) => status === undefined || one.status === status)
      .toSorted(byAge)
      .slice(0, limit);
  };
}

type Aged = Pick<Execution, 'execution_id' | 'created_at'>;

const of = ({ id, created_at }: RunRow): Aged => ({ execution_id: id, created_at });

function byAge(a: Aged, b: Aged): number {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? 1 : -1;
  return a.execution_id < b.execution_id ? 1 : -1;
}

/** The row knows all but what its history says: Temporal is asked once, not twice. */
async function readEnded(deps: Core, row: RunRow): Promise<Execution> {
  const view = await longRead(deps, () => viewOf(deps, row.id));
  // It was restored in between.
  if (view.status !== row.status) return readExecution(deps, row.id);
  const { result, error } = view;
  const completed_at = view.completed_at ?? row.completed_at;
  return executionOf({ ...row, started_at: startedAt(view), completed_at, result, error });
}

const mostKept = 5000;
/** In characters of JSON. */
const longestKept = 10_000;

/** What has ended is read once, and kept. */
function createReadRow(deps: Core): (row: RunRow) => Promise<Execution | undefined> {
  const kept = new LRUCache<string, Execution>({ max: mostKept });
  return async (row) => {
    if (row.status === 'queued') return executionOf({ ...row, started_at: null, result: null, error: null });
    // A run that was restored ends at another time.
    const key = `${row.id} ${row.completed_at}`;
    const known = kept.get(key);
    if (known) return known;
    if (!isEnded(row.status)) return unlessAbsent(readExecution(deps, row.id));
    const execution = await unlessAbsent(readEnded(deps, row));
    const isShort = JSON.stringify(execution ?? null).length <= longestKept;
    if (execution?.completed_at && isShort) kept.set(key, execution);
    return execution;
  };
}
