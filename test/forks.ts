// Forks of runs, made as the API makes them: a start with memo `fork`. And what their sources had done, from history.
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Edit, Opening } from '../activities/journal/batch.ts';
import type { HistoryEvent } from '../activities/journal/history.ts';
import { taskTimeoutMs } from '../workflows/runtime/journal/rollover.ts';
import type { World } from './world.ts';

export interface Source {
  run: string;
  timeline: string;
}

export interface ForkOptions {
  type: string;
  args: unknown[];
  source: Source;
  event?: number;
  /** Of the event, when it is not the source's own. */
  timeline?: string;
  kind?: Opening['kind'];
  edits?: Edit[];
  id?: string;
  /** How many it is served, if many. */
  steps?: number;
  /** The source's, as far as the API hands it on. */
  memo?: Record<string, unknown>;
}

export function fork(world: World, options: ForkOptions): Promise<WorkflowHandle> {
  const {
    type,
    args,
    source,
    event,
    timeline = source.timeline,
    kind = 'fork',
    edits,
    id = randomUUID(),
    memo,
  } = options;
  const checkpoint = event === undefined ? undefined : { timeline, event };
  const opening: Opening = { kind, source, ...(checkpoint && { checkpoint }), ...(edits && { edits }) };
  return world.client.workflow.start(type, {
    taskQueue: world.taskQueue,
    workflowId: id,
    args,
    memo: { ...memo, fork: opening },
    workflowTaskTimeout: taskTimeoutMs(options.steps ?? 0),
  });
}

export async function historyOf(world: World, run: string, timeline?: string): Promise<HistoryEvent[]> {
  const { events } = await world.client.workflow.getHandle(run, timeline).fetchHistory();
  return events ?? [];
}

/** What ran, by run: an activity that is called `work` and tells. */
export function createWork() {
  const ran: { run: string; name: string }[] = [];
  return {
    ran,
    by: (run: string) => ran.filter((call) => call.run === run).map(({ name }) => name),
    told(run: string, name: string) {
      ran.push({ run, name });
    },
  };
}

export const idOf = (event: HistoryEvent): number => Number(event.eventId);

/** The first argument of each activity that had completed by `event`. */
export function completedBy(events: HistoryEvent[], event: number): string[] {
  const scheduled = new Map(events.map((each) => [idOf(each), each.activityTaskScheduledEventAttributes]));
  return events.flatMap((each) => {
    const done = each.activityTaskCompletedEventAttributes;
    const data =
      done && idOf(each) <= event ? scheduled.get(Number(done.scheduledEventId))?.input?.payloads?.[0]?.data : null;
    return data ? [String(JSON.parse(new TextDecoder().decode(data)))] : [];
  });
}
