// The source of a fork as the timeline has it that is forked: a run that was restored since has taken other steps.
import { longRead } from '../deadline.ts';
import type { Core } from '../deps.ts';
import type { RunView, TimelineView } from '../events/view.ts';
import { checkpointId } from './checkpoint-id.ts';
import { checkpointNotFound, type Located } from './fork-source.ts';
import { viewOf } from './read.ts';

export interface SourceView extends Pick<RunView, 'steps' | 'children'> {
  /** Nothing follows: the run has ended, or has left this timeline for an earlier point. */
  ended: boolean;
}

/** Keeps a deadline of its own. Throws ApiError 404 when the timeline has just gone. */
export function sourceView(deps: Core, { source, checkpoint }: Located): Promise<SourceView> {
  return longRead(deps, async () => {
    const { timelines, steps, children, completed_at } = await viewOf(deps, source.run);
    const timeline = lastOf(timelines, source.timeline);
    if (timeline === timelines.at(-1)?.timeline) return { steps, children, ended: completed_at !== null };
    const alone = await deps.streams.alone({ run: source.run, timeline }, checkpoint);
    if (!alone) throw checkpointNotFound(checkpointId({ run: source.run, ...checkpoint }));
    return { ...alone, ended: true };
  });
}

/** A timeline that has continued in another one goes on there. */
function lastOf(timelines: TimelineView[], timeline: string): string {
  const at = timelines.findIndex((one) => one.timeline === timeline);
  if (at < 0) return timeline;
  const left = timelines.findIndex(({ opening }, i) => i > at && opening !== 'continued');
  return timelines.at(left < 0 ? -1 : left - 1)?.timeline ?? timeline;
}
