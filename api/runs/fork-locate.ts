// Finds the history that holds a checkpoint: the run's own, one that was served it, or a descendant's.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { isAbsent, unlessAbsent } from '../absent.ts';
import type { Place } from '../../activities/journal/batch.ts';
import { grpc, grpcCode, longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import type { Checkpoint } from '../events/view.ts';
import type { CheckpointRef } from './checkpoint-id.ts';
import { requireRun } from './describe.ts';
import { beganWith, descendants } from './fork-descendants.ts';
import type { Located } from './fork-source.ts';
import { rootOf } from './opening-start.ts';

/** Undefined: there is no such checkpoint (any more). Keeps deadlines of its own. */
export async function locateCheckpoint(deps: Core, ref: CheckpointRef): Promise<Located | undefined> {
  const { run, timeline, event, within } = ref;
  const checkpoint = { timeline, event };
  const source = { run, timeline: within ?? timeline };
  const [newest, own] = await withDeadline(deps, () =>
    Promise.all([newestOf(deps, run), describeTimeline(deps, source)]),
  );
  if (newest && own && within === undefined) return event <= own.historyLength ? { source, checkpoint } : undefined;
  return longRead(deps, async () => {
    // The timeline that has it so is kept, and nobody else is asked: others may have other results.
    const found = newest && own ? await servedTo(deps, own, checkpoint) : await elsewhere(deps, ref, newest);
    return found && { source: found, checkpoint };
  });
}

async function elsewhere(
  deps: Core,
  ref: CheckpointRef,
  newest: WorkflowExecutionDescription | undefined,
): Promise<Place | undefined> {
  // Edited anew, it may have other results than those that are wanted.
  const hasOthers = newest && ref.within !== undefined && beganWith(newest)?.edits;
  const served = newest && !hasOthers ? await servedTo(deps, newest, ref) : undefined;
  return served ?? leftOf(deps, ref, newest);
}

/** Of a run whose own history of it is gone: who else has it? */
async function leftOf(
  deps: Core,
  { run, ...wanted }: CheckpointRef,
  newest: WorkflowExecutionDescription | undefined,
): Promise<Place | undefined> {
  for await (const { direct, edited, ...place } of descendants(deps, run, wanted, newest && rootOf(newest))) {
    if (edited && wanted.within !== undefined && wanted.within !== place.timeline) continue;
    const owner = await deps.streams.ownerOf(place, wanted);
    if (owner === run || (direct && owner !== undefined && owner !== place.run)) return place;
  }
  return undefined;
}

/** Of forks that have not read their sources yet: each begins where the next one is. */
const mostUnread = 8;

/** The timeline, or its source, which has the same up to there: perhaps no worker has served it yet. */
async function servedTo(
  deps: Core,
  first: WorkflowExecutionDescription,
  wanted: Checkpoint,
): Promise<Place | undefined> {
  let at: WorkflowExecutionDescription | undefined = first;
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

const newestOf = (deps: Core, run: string): Promise<WorkflowExecutionDescription | undefined> =>
  unlessAbsent(requireRun(deps, run));

/** Undefined: the run has none such, or it was deleted. */
async function describeTimeline(
  { records, removed }: Core,
  { run, timeline }: Place,
): Promise<WorkflowExecutionDescription | undefined> {
  if (removed.has({ runId: timeline })) return undefined;
  try {
    return await records.describe(run, timeline);
  } catch (error) {
    if (isAbsent(error) || grpcCode(error) === grpc.invalidArgument) return undefined;
    throw error;
  }
}
