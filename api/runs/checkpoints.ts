// Reads checkpoints: those of a run, and one of them as it was.
import { isAbsent } from '../absent.ts';
import { longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import type { Point } from '../events/point.ts';
import type { Mark } from '../events/story.ts';
import { checkpointId, type CheckpointRef, readCheckpointId } from './checkpoint-id.ts';
import type { CheckpointAnswer, CheckpointList } from './checkpoint-shape.ts';
import { requireRun } from './describe.ts';
import { locateCheckpoint } from './fork-locate.ts';
import { checkpointNotFound } from './fork-source.ts';
import type { Page } from './list.ts';

/** What a fork was served of its source are checkpoints of its own, too. An unknown run has none. */
export async function listCheckpoints(deps: Core, run: string, { limit, offset }: Page): Promise<CheckpointList> {
  const points = await pointsOf(deps, run);
  const items = points.slice(offset, offset + limit).map(({ message_count, ...mark }) => ({
    ...briefOf({ run, timeline: mark.timeline, event: mark.event, within: mark.within }, mark),
    message_count,
    total_tokens: mark.metrics.total_tokens,
  }));
  return { total: points.length, items, limit, offset };
}

async function pointsOf(deps: Core, run: string) {
  try {
    await withDeadline(deps, () => requireRun(deps, run));
    return await longRead(deps, () => deps.streams.points(run));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Throws ApiError 404, also for what cannot be an id. */
export async function readCheckpoint(deps: Core, id: string): Promise<CheckpointAnswer> {
  const ref = readCheckpointId(id);
  const located = ref && (await locateCheckpoint(deps, ref));
  const point = located && (await longRead(deps, () => deps.streams.point(located.source, located.checkpoint)));
  if (!ref || !point) throw checkpointNotFound(id);
  const { messages, metrics, config } = point;
  return {
    ...briefOf(ref, point),
    messages: [...messages],
    metrics,
    agent_config: config,
    step: stepOf(point),
  };
}

type Told = Pick<Mark, 'step_num' | 'step' | 'name' | 'status' | 'at'>;

const briefOf = (ref: CheckpointRef, { step_num, step, name, status, at }: Told) => ({
  id: checkpointId(ref),
  run_id: ref.run,
  step_num,
  description: name?.description ?? step?.name ?? '',
  tags: name?.tags ?? [],
  status,
  created_at: at,
});

function stepOf({ step: view, input, result }: Point): CheckpointAnswer['step'] {
  if (!view) return null;
  const { step, name, kind, activity, started_at, completed_at, usage } = view;
  const values = { input: input ?? view.input, result: result ?? view.result };
  return { step, name, kind, activity, started_at, completed_at, ...values, ...(usage && { usage }) };
}
