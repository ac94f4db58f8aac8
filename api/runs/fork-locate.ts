// Finds the history that holds a checkpoint.
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import type { CheckpointRef } from './checkpoint-id.ts';
import { describe, requireRun } from './describe.ts';
import type { Located } from './fork-source.ts';
import { WorkflowNotFoundError } from '@temporalio/client';
import { grpc, grpcCode } from '../deadline.ts';

/** Undefined: there is no such checkpoint (any more). */
export async function locateCheckpoint(deps: Core, ref: CheckpointRef): Promise<Located | undefined> {
  const { run, timeline, event } = ref;
  const newest = await requireRun(deps, run).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  });
  if (!newest) return undefined;
  const own = await lengthOf(deps, run, timeline);
  const checkpoint = { timeline, event };
  if (own !== undefined) return event <= own ? { source: { run, timeline }, checkpoint } : undefined;
  return (await describe(deps.client, run)) && { source: { run, timeline: newest.runId }, checkpoint };
}

async function lengthOf({ client }: Core, run: string, timeline: string): Promise<number | undefined> {
  try {
    return (await client.workflow.getHandle(run, timeline).describe()).historyLength;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcCode(error) === grpc.invalidArgument) return undefined;
    throw error;
  }
}
