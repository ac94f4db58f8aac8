// Lists runs: a page of visibility's, made exact by asking each open run itself.
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { labelsOf, queryOf, waitingOf } from './attributes.ts';
import { describe } from './describe.ts';
import { createEndings, type Endings } from './endings.ts';
import { queriesOf, type RunFilter } from './filter.ts';
import { createRunPages } from './pages.ts';
import { problemOf } from './problem.ts';
import { readStatus } from './progress.ts';
import { isStopping } from './read.ts';
import type { RunRow } from './shape.ts';
import { isEnded, statusOf, type RunStatus } from './status.ts';
import { createVisibility } from './visibility.ts';

export interface Page {
  offset: number;
  limit: number;
}

export type ListRuns = (filter: RunFilter, page: Page) => Promise<{ total: number; items: RunRow[] } & Page>;

/** Runs that are asked at once. */
const atOnce = 16;
/** In lists longer than this the answers and figures of ended runs are left out: each costs a read of its history. */
const longestTold = 100;

export function createListRuns(deps: Core, mostTold = longestTold): ListRuns {
  const pages = createRunPages(createVisibility(deps), deps.clock);
  const endings = createEndings(deps);
  return async (filter, { offset, limit }) => {
    const absent = filter.problem === true && !(await deps.workers.present());
    const { total, runs } = await pages(queriesOf(filter, absent), offset, limit);
    const told = limit <= mostTold ? endings : undefined;
    const kept = runs.filter((run) => !deps.removed.has(run));
    const items = await inTurns(kept, (run) => rowOf(deps, told, run));
    return { total: total - (runs.length - kept.length), items, limit, offset };
  };
}

async function rowOf(deps: Core, endings: Endings | undefined, run: WorkflowExecutionInfo): Promise<RunRow> {
  const asked = run.status.name === 'RUNNING' ? await withDeadline(deps, () => askRun(deps, run)) : undefined;
  const newest = asked?.run ?? run;
  const status = asked?.status ?? endedStatus(run);
  const ending = isEnded(status) ? await endings?.of(newest) : undefined;
  return {
    id: run.workflowId,
    workflow: run.type,
    ...labelsOf(newest),
    status,
    problem: (asked && (await problemOf(asked.run, status, () => deps.workers.present()))) ?? null,
    stopping: asked !== undefined && !isEnded(status) && isStopping(asked.run),
    waiting_for: isEnded(status) ? [] : waitingOf(newest),
    input_query: queryOf(newest),
    response_content: ending?.response ?? null,
    metrics: ending?.metrics ?? null,
    completed_at: newest.closeTime?.toISOString() ?? null,
  };
}

/** Visibility lags, and knows queued from running never. Undefined: it was deleted in between. */
async function askRun(
  deps: Core,
  { workflowId }: WorkflowExecutionInfo,
): Promise<{ run: WorkflowExecutionDescription; status: RunStatus } | undefined> {
  const run = await describe(deps, workflowId);
  return run && { run, status: await readStatus(deps, run) };
}

function endedStatus({ status }: WorkflowExecutionInfo): RunStatus {
  return statusOf(
    { execution: status.name, state: undefined, pending: [], task: undefined },
    { begun: true, advanced: true },
  );
}

/** The results in the order of `items`, a few at a time. */
export async function inTurns<T, R>(items: readonly T[], take: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const turns = items.entries();
  const work = async () => {
    for (const [index, item] of turns) results[index] = await take(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}
