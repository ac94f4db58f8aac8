// Deletes an ended run: the histories of all its timelines.
import { grpc, grpcCode, longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { requireRun } from './describe.ts';
import { stored } from './keyword.ts';
import { readStatus } from './progress.ts';
import { viewOf } from './read.ts';
import { isEnded } from './status.ts';

/** Throws ApiError: 404 unknown, 409 while it is open. */
export async function removeRun(deps: Core, id: string): Promise<void> {
  const { runId } = await withDeadline(deps, async () => {
    const run = await requireRun(deps, id);
    if (!isEnded(await readStatus(deps, run))) {
      throw new ApiError(409, 'run_open', `Run '${id}' is open. Cancel it first; it can be deleted once it has ended.`);
    }
    return run;
  });
  const timelines = await longRead(deps, () => timelinesOf(deps, id, runId));
  timelines.delete(runId);
  await withDeadline(deps, () => Promise.all([...timelines].map((earlier) => remove(deps, id, earlier))));
  // Last: as long as it is there, a deletion that was broken off can be asked for again.
  await withDeadline(deps, () => remove(deps, id, runId));
}

/** Those that its history tells, and those that visibility knows: a timeline before a rewind of an ended run. */
async function timelinesOf(deps: Core, id: string, newest: string): Promise<Set<string>> {
  const found = new Set([newest]);
  const { timelines } = await viewOf(deps, id);
  for (const { timeline } of timelines) found.add(timeline);
  // Visibility can compare an id only as it is.
  if (stored(id) !== id) return found;
  for await (const { runId } of deps.records.list({ query: `WorkflowId = '${id}'` })) found.add(runId);
  return found;
}

async function remove({ client, namespace, removed }: Core, workflowId: string, runId: string): Promise<void> {
  try {
    await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } });
  } catch (error) {
    if (grpcCode(error) !== grpc.notFound) throw error;
  }
  removed.add({ runId });
}
