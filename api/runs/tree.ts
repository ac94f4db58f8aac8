// The family of a run: who was forked from whom and where, how each is, and what it cost.
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { unlessAbsent } from '../absent.ts';
import { longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import type { RunView } from '../events/view.ts';
import { lineageOf } from './attributes.ts';
import { createdAt, current } from './current.ts';
import { requireRun } from './describe.ts';
import type { Branch, Tree } from './fork-shape.ts';
import { shown } from './keyword.ts';
import { rootOf } from './opening-start.ts';
import { viewOf } from './read.ts';
import { readStatus } from './progress.ts';
import { createVisibility } from './visibility.ts';

/** Runs that are told of: the oldest and the run itself. */
const mostRuns = 200;
const atOnce = 16;
/** What a longer history cost is told by `GET /api/runs/{id}` alone. */
const mostEvents = 2000;

export async function readTree(deps: Core, id: string): Promise<Tree> {
  const own = await withDeadline(deps, () => requireRun(deps, id));
  const root = rootOf(own);
  // What `stored` leaves holds nothing that could end the literal.
  const query = `Kind = 'run' AND ExecutionStatus != 'ContinuedAsNew' AND RootRun = '${root}'`;
  const queries = { key: query, rows: () => query, count: () => query, wants: () => true };
  const { records, all } = await createVisibility(deps).records(queries, {});
  // Visibility lags: a run that has just been forked is known by itself.
  const others = records.filter((record) => record.workflowId !== id && !deps.removed.has(record));
  const family = [own, ...current(others, () => true)].toSorted((a, b) => createdAt(a) - createdAt(b));
  const told = family.slice(0, mostRuns);
  if (!told.includes(own)) told[mostRuns - 1] = own;
  const items: Branch[] = [];
  for (let from = 0; from < told.length; from += atOnce)
    items.push(...(await Promise.all(told.slice(from, from + atOnce).map((run) => branchOf(deps, run)))).flat());
  return { root: shown(root), total: family.length, truncated: !all || family.length > told.length, items };
}

type Member = WorkflowExecutionInfo | WorkflowExecutionDescription;

/** None when it was deleted in between. */
async function branchOf(deps: Core, { workflowId }: Member): Promise<Branch[]> {
  const run = await unlessAbsent(withDeadline(deps, () => requireRun(deps, workflowId)));
  if (!run) return [];
  const [status, view] = await Promise.all([withDeadline(deps, () => readStatus(deps, run)), briefly(deps, run)]);
  const { forked_from, checkpoint_id, description } = lineageOf(run);
  const { timelines = null, usage, waste } = view ?? {};
  return [
    {
      run_id: workflowId,
      workflow: run.type,
      status,
      forked_from,
      checkpoint_id,
      description,
      created_at: new Date(createdAt(run)).toISOString(),
      completed_at: run.closeTime?.toISOString() ?? null,
      timelines,
      usage: usage && waste ? { ...usage, waste } : null,
    },
  ];
}

const briefly = async (deps: Core, run: WorkflowExecutionDescription): Promise<RunView | undefined> =>
  run.historyLength > mostEvents
    ? undefined
    : longRead(deps, () => viewOf(deps, run.workflowId)).catch(() => undefined);
