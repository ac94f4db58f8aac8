// Ends the runs that nobody will ever end: open for long, of a workflow that is in no catalogue any more. At start, once.
import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import { explain, withDeadline } from '../../deadline.ts';
import type { ApiDeps } from '../../deps.ts';
import { createRecords, type Records } from '../../runs/records.ts';
import { defaultResearch } from './config.ts';

type Deps = Pick<ApiDeps, 'client' | 'namespace' | 'catalogue' | 'config' | 'log' | 'clock'>;

const firstWaitMs = 500;
const longestWaitMs = 30_000;
const listMs = 6000;
/** A worker of an earlier release that knows the workflow ends it in order, within so many ms. */
const graceMs = 30_000;

/**
 * However long Temporal is away; aborting `signal` ends it. Never rejects.
 * @param say hears the line for whoever started the service
 */
export async function endStale(deps: Deps, signal: AbortSignal, say: (line: string) => void): Promise<void> {
  const records = createRecords(deps);
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    try {
      const stale = await findStale(deps, records);
      const cancelled = await cancel(deps, records, stale);
      if (cancelled > 0) say(`Cleaned up ${cancelled} stale activities`);
      if (stale.length > 0) await endAfterGrace(deps, stale, signal);
      return;
    } catch (error) {
      deps.log.warn({ err: explain(error) }, 'Stale runs cannot be looked for yet; it is tried again.');
    }
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
  }
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
  const rows = records.list({ query: conditions.join(' AND ') })[Symbol.asyncIterator]();
  for (;;) {
    const row = await withDeadline(deps, () => rows.next(), listMs);
    if (row.done) return found;
    found.push(row.value);
  }
}

/** How many were not told to end before. */
async function cancel(deps: Deps, records: Records, stale: WorkflowExecutionInfo[]): Promise<number> {
  let cancelled = 0;
  for (const { workflowId, runId } of stale) {
    const asked = await withDeadline(deps, () =>
      unlessGone(async () => {
        const { raw, status } = await records.describe(workflowId, runId);
        if (status.name !== 'RUNNING' || raw.workflowExtendedInfo?.cancelRequested) return false;
        await deps.client.workflow.getHandle(workflowId, runId).cancel();
        return true;
      }),
    );
    if (asked) cancelled++;
  }
  return cancelled;
}

/** What no worker knows hears nothing. */
async function endAfterGrace(deps: Deps, stale: WorkflowExecutionInfo[], signal: AbortSignal): Promise<void> {
  await sleep(graceMs, undefined, { signal, ref: false }).catch(() => {});
  if (signal.aborted) return;
  for (const { workflowId, runId } of stale) {
    const run = deps.client.workflow.getHandle(workflowId, runId);
    await withDeadline(deps, () => unlessGone(() => run.terminate('Canceled: no worker knows its workflow any more.')));
  }
}

async function unlessGone<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
