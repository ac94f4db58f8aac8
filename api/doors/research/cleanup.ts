// Deletes the runs, of every workflow, that ended long ago.
import { each, withDeadline } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { ApiError } from '../../errors.ts';
import { describe } from '../../runs/describe.ts';
import { inTurns } from '../../runs/list.ts';
import { removeRun } from '../../runs/remove.ts';
import { defaultResearch } from './config.ts';

/** One at a time: who asks for it while it is under way gets that one. Never rejects. */
export function createCleanup(deps: Core): () => Promise<void> {
  let running: Promise<void> | undefined;
  const run = async () => {
    try {
      const removed = await removeOld(deps);
      deps.log.info({ removed }, 'Runs that ended long ago were deleted.');
    } catch (error) {
      deps.log.error({ err: error }, 'The cleanup broke off. What is left goes with the next one.');
    }
  };
  return () =>
    (running ??= run().finally(() => {
      running = undefined;
    }));
}

/** How many went. */
async function removeOld(deps: Core): Promise<number> {
  const { keptMs } = deps.config.research ?? defaultResearch;
  const before = new Date((deps.clock ?? Date.now)() - keptMs);
  const ids = await endedBefore(deps, before);
  const gone = await inTurns(ids, (id) => removeIfOld(deps, id, before));
  return gone.filter(Boolean).length;
}

async function endedBefore(deps: Core, before: Date): Promise<string[]> {
  const ids = new Set<string>();
  const query = `Kind = 'run' AND ExecutionStatus NOT IN ('Running', 'ContinuedAsNew') AND CloseTime < '${before.toISOString()}'`;
  for await (const { workflowId } of each(deps, deps.records.list({ query }))) ids.add(workflowId);
  return [...ids];
}

/** Of a run that was restored, an earlier timeline has ended, too: what counts is the newest one. */
async function removeIfOld(deps: Core, id: string, before: Date): Promise<boolean> {
  try {
    const run = await withDeadline(deps, () => describe(deps, id));
    if (!run?.closeTime || run.closeTime >= before) return false;
    await removeRun(deps, id);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError && error.status < 500)) deps.log.warn({ err: error, run_id: id }, 'not deleted');
    return false;
  }
}
