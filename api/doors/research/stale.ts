// Ends the runs that nobody will ever end: open for long, of a workflow that is in no catalogue any more. At start, once.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { unlessAbsent } from '../../absent.ts';
import { each, explain, withDeadline } from '../../deadline.ts';
import type { ApiDeps } from '../../deps.ts';
import { nap, untilDone } from '../../nap.ts';
import { createRecords, type Records } from '../../runs/records.ts';
import { defaultResearch } from './config.ts';

type Deps = Pick<ApiDeps, 'client' | 'namespace' | 'catalogue' | 'config' | 'log' | 'clock'>;

/** A worker of an earlier release that knows the workflow ends it in order, within so many ms. */
const graceMs = 30_000;

/**
 * However long Temporal is away; aborting `signal` ends it. Never rejects.
 * @param say hears the line for whoever started the service
 */
export async function endStale(deps: Deps, signal: AbortSignal, say: (line: string) => void): Promise<void> {
  const records = createRecords(deps);
  const endAll = async () => {
    const stale = await findStale(deps, records);
    const cancelled = await cancel(deps, records, stale);
    if (cancelled > 0) say(`Cleaned up ${cancelled} stale activities`);
    if (stale.length > 0) await endAfterGrace(deps, stale, signal);
  };
  await untilDone(endAll, signal, (error) =>
    deps.log.warn({ err: explain(error) }, 'Stale runs cannot be looked for yet; it is tried again.'),
  );
}

async function findStale(deps: Deps, records: Records): Promise<WorkflowExecutionInfo[]> {
  const { catalogue, config, clock = Date.now } = deps;
  const { staleMs } = config.research ?? defaultResearch;
  const before = `'${new Date(clock() - staleMs).toISOString()}'`;
  const known = Object.keys(catalogue).map((name) => `'${name}'`);
  const conditions = [
    `Kind = 'run'`,
    `ExecutionStatus = 'Running'`,
    `(CreatedAt < ${before} OR (CreatedAt IS NULL AND StartTime < ${before}))`,
    ...(known.length > 0 ? [`WorkflowType NOT IN (${known.join(', ')})`] : []),
  ];
  const found: WorkflowExecutionInfo[] = [];
  for await (const row of each(deps, records.list({ query: conditions.join(' AND ') }))) found.push(row);
  return found;
}

/** How many were not told to end before. */
async function cancel(deps: Deps, records: Records, stale: WorkflowExecutionInfo[]): Promise<number> {
  let cancelled = 0;
  for (const { workflowId, runId } of stale) {
    const asked = withDeadline(deps, async () => {
      const { raw, status } = await records.describe(workflowId, runId);
      if (status.name !== 'RUNNING' || raw.workflowExtendedInfo?.cancelRequested) return false;
      await deps.client.workflow.getHandle(workflowId, runId).cancel();
      return true;
    });
    if (await unlessAbsent(asked)) cancelled++;
  }
  return cancelled;
}

/** What no worker knows hears nothing. */
async function endAfterGrace(deps: Deps, stale: WorkflowExecutionInfo[], signal: AbortSignal): Promise<void> {
  await nap(graceMs, signal);
  if (signal.aborted) return;
  for (const { workflowId, runId } of stale) {
    const run = deps.client.workflow.getHandle(workflowId, runId);
    const terminated = () => run.terminate('Canceled: no worker knows its workflow any more.');
    await unlessAbsent(withDeadline(deps, terminated));
  }
}
