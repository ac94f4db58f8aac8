// Finds the history that holds a checkpoint: the run's own, one that was served it, or a descendant's.
import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import type { Checkpoint, Place } from '../../activities/journal/batch.ts';
import { grpc, grpcCode, longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import type { CheckpointRef } from './checkpoint-id.ts';
import { requireRun } from './describe.ts';
import { beganWith, descendants } from './fork-descendants.ts';
import type { Located } from './fork-source.ts';
import { rootOf } from './opening-start.ts';

/** Undefined: there is no such checkpoint (any more). Keeps deadlines of its own. */
export async function locateCheckpoint(deps: Core, ref: CheckpointRef): Promise<Located | undefined> {
  const { run, timeline, event } = ref;
  const checkpoint = { timeline, event };
  const [newest, own] = await withDeadline(deps, () =>
    Promise.all([newestOf(deps, run), describeTimeline(deps, { run, timeline })]),
  );
  if (newest && own) return event <= own.historyLength ? { source: { run, timeline }, checkpoint } : undefined;
  return longRead(deps, async () => {
    const source = (newest && (await servedTo(deps, newest, checkpoint))) ?? (await leftOf(deps, ref, newest));
    return source && { source, checkpoint };
  });
}

/** Of a run whose own history of it is gone: who else has it? */
async function leftOf(
  deps: Core,
  { run, timeline, event }: CheckpointRef,
  newest: WorkflowExecutionDescription | undefined,
): Promise<Place | undefined> {
  const checkpoint = { timeline, event };
  for await (const { direct, ...place } of descendants(deps, run, checkpoint, newest && rootOf(newest))) {
    const owner = await deps.streams.ownerOf(place, checkpoint);
    if (owner === run || (direct && owner !== undefined && owner !== place.run)) return place;
  }
  return undefined;
}

/** Of forks that have not read their sources yet: each begins where the next one is. */
const mostUnread = 8;

/** The run's newest timeline, or its source, which has the same up to there: perhaps no worker has served it yet. */
async function servedTo(
  deps: Core,
  newest: WorkflowExecutionDescription,
  wanted: Checkpoint,
): Promise<Place | undefined> {
  let at: WorkflowExecutionDescription | undefined = newest;
  for (let looks = 0; at && looks < mostUnread; looks++) {
    const place = { run: at.workflowId, timeline: at.runId };
    if (await deps.streams.ownerOf(place, wanted)) return place;
    const { source, checkpoint, edits } = beganWith(at) ?? {};
    const isBeyond = checkpoint?.timeline === wanted.timeline && checkpoint.event < wanted.event;
    if (!source || edits || isBeyond) return undefined;
    at = await describeTimeline(deps, source);
  }
  return undefined;
}

async function newestOf(deps: Core, run: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await requireRun(deps, run);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Undefined: the run has none such, or it was deleted. */
async function describeTimeline(
  { client, removed }: Core,
  { run, timeline }: Place,
): Promise<WorkflowExecutionDescription | undefined> {
  if (removed.has({ runId: timeline })) return undefined;
  try {
    return await client.workflow.getHandle(run, timeline).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcCode(error) === grpc.invalidArgument) return undefined;
    throw error;
  }
}
