// The children that were open at a checkpoint, and how far each had come by then.
import type { Batch, Json, OpenChild, Place } from './batch.ts';
import { JournalFault } from './fault.ts';
import { type HistoryEvent, timeOf } from './history.ts';
import type { HistoryReader } from './reader.ts';

interface Begun {
  timeline: string;
  event: number;
  source: Place;
}

/** Children that had started and not ended. One that Temporal had not started yet has nothing to go on from. */
export function openChildren(batches: Batch[]): Begun[] {
  const named = new Map<string, string>();
  const begun = new Map<string, Begun>();
  for (const { at, jobs, commands, splice } of batches) {
    // A fork's own children have new commands, which stand among its first.
    if (splice) begun.clear();
    for (const { kind, of, told } of jobs) {
      const key = `${at.timeline}/${of}`;
      const run = named.get(key);
      const timeline = startedTimeline(told['succeeded']);
      if (kind === 'resolveChildWorkflowExecution') begun.delete(key);
      if (kind === 'resolveChildWorkflowExecutionStart' && run !== undefined && timeline !== undefined)
        begun.set(key, { timeline: at.timeline, event: of ?? 0, source: { run, timeline } });
    }
    for (const { event, child } of commands) if (child !== undefined) named.set(`${at.timeline}/${event}`, child);
  }
  return [...begun.values()];
}

function startedTimeline(succeeded: Json | undefined): string | undefined {
  if (typeof succeeded !== 'object' || succeeded === null || Array.isArray(succeeded)) return undefined;
  const { runId } = succeeded;
  return typeof runId === 'string' ? runId : undefined;
}

/** Looks the child up in its own history. Throws JournalFault when that is gone. */
export async function childAt(begun: Begun, time: number, read: HistoryReader): Promise<OpenChild> {
  let source = begun.source;
  for (;;) {
    const { last, next } = await lastBefore(source, time, read);
    if (next === undefined) return { ...begun, source, checkpoint: { timeline: source.timeline, event: last } };
    source = { ...source, timeline: next };
  }
}

async function lastBefore(source: Place, time: number, read: HistoryReader): Promise<{ last: number; next?: string }> {
  let last = 0;
  for await (const events of read(source)) {
    for (const event of events) {
      if (last > 0 && timeOf(event) > time) return { last };
      last = Number(event.eventId);
      const next = continuedBy(event);
      if (next) return { last, next };
    }
  }
  if (last === 0) throw new JournalFault(`The history of child ${source.run}, open at the checkpoint, is gone.`);
  return { last };
}

const continuedBy = (event: HistoryEvent): string | undefined =>
  event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId || undefined;
