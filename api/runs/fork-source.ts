// Where a fork comes from: the history that holds the checkpoint, and how its timeline had begun.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Checkpoint, Place } from '../../activities/journal/batch.ts';
import { grpc, grpcCode } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import type { CheckpointRef } from './checkpoint-id.ts';
import { describe } from './describe.ts';

/** A history that can be replayed up to the checkpoint. */
export interface Located {
  source: Place;
  checkpoint: Checkpoint;
}

/** How a timeline began. */
export interface Begun {
  workflow: string;
  args: unknown[];
  /** What its opener gave a workflow task: it tells how many steps were served at most. */
  taskTimeoutMs: number;
}

export const checkpointNotFound = (id: string): ApiError =>
  new ApiError(404, 'checkpoint_not_found', `Checkpoint '${id}' not found`);

/** The first event of a timeline, and nothing more, is read. Undefined: it is gone. */
export async function begunOf(deps: Core, { run, timeline }: Place): Promise<Begun | undefined> {
  const { client, namespace, open } = deps;
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId: run, runId: timeline },
      maximumPageSize: 1,
    });
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    if (!started) return undefined;
    return {
      workflow: started.workflowType?.name ?? '',
      args: await Promise.all((started.input?.payloads ?? []).map(open)),
      taskTimeoutMs: Number(started.workflowTaskTimeout?.seconds ?? 0) * 1000,
    };
  } catch (error) {
    if (grpcCode(error) === grpc.notFound || grpcCode(error) === grpc.invalidArgument) return undefined;
    throw error;
  }
}

/** The run whose checkpoint it is; when that is gone, the descendant that was served it. */
export async function ownerOf(
  deps: Core,
  { run }: CheckpointRef,
  { source }: Located,
): Promise<WorkflowExecutionDescription | undefined> {
  const own = await describe(deps, run);
  if (own && !deps.removed.has(own)) return own;
  return source.run === run ? undefined : describe(deps, source.run);
}
