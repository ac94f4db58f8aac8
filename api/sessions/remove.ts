// Deletes a session and what it remembers; its runs only when that is asked for.
import { grpc, grpcCode, longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { removeRun } from '../runs/remove.ts';
import { literal, stored } from '../runs/keyword.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import { sessionWorkflow } from '../../workflows/session/messages.ts';
import { findSession, sessionNotFound, toldOf } from './read.ts';

const atOnce = 8;

/** Throws ApiError: 404, 409 while a turn is open. */
export async function removeSession(deps: Core, id: string, runs: boolean): Promise<void> {
  const found = await findSession(deps, id);
  if (!found) throw sessionNotFound(id);
  const { in_flight, turns, begun } = toldOf(found);
  if (in_flight !== null || turns > begun || found.raw.pendingWorkflowTask) throw busy(id);
  await withDeadline(deps, () => deps.client.workflow.getHandle(sessionWorkflow(id), found.runId).terminate('deleted'));
  deps.removed.add(found);
  await longRead(deps, () => forget(deps, id, found.runId));
  if (runs) await removeRuns(deps, id);
}

const busy = (id: string): ApiError =>
  new ApiError(
    409,
    'session_busy',
    `Session '${id}' has an open turn. Cancel its run (in_flight), or wait for its end; then it can be deleted.`,
  );

/** What was said stands in the histories of all its timelines. */
async function forget({ client, namespace, records }: Core, id: string, newest: string): Promise<void> {
  const workflowId = sessionWorkflow(id);
  const timelines = new Set([newest]);
  // Visibility can compare an id only as it is.
  if (stored(id) === id)
    for await (const { runId } of records.list({ query: `WorkflowId = '${workflowId}'` })) timelines.add(runId);
  for (const runId of timelines) {
    try {
      await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } });
    } catch (error) {
      if (grpcCode(error) !== grpc.notFound) throw error;
    }
  }
}

async function removeRuns(deps: Core, id: string): Promise<void> {
  const query = `Kind = 'run' AND ExecutionStatus != 'ContinuedAsNew' AND \`Session\` = ${literal(id)}`;
  const ids = await longRead(deps, async () => {
    const found = new Set<string>();
    for await (const { workflowId, typedSearchAttributes } of deps.records.list({ query, pageSize: 1000 })) {
      // On SQLite visibility compares regardless of case.
      if (typedSearchAttributes.get(attributes.Session) === stored(id)) found.add(workflowId);
    }
    return [...found];
  });
  const turns = ids.values();
  const work = async () => {
    for (const run of turns) await removeRun(deps, run).catch(ifGone);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

function ifGone(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
}
