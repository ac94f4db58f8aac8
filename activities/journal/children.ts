// The children that were open at a checkpoint, and how far each had come by then.
import type { Batch, Json, Opening, OpenChild, Place } from './batch.ts';
import { commandOf } from './commands.ts';
import { JournalFault } from './fault.ts';
import { journalActivity } from './fold.ts';
import { type HistoryEvent, timeOf } from './history.ts';
import type { HistoryReader } from './reader.ts';
import { createServed, openingIn, type Served } from './served.ts';

interface Begun {
  timeline: string;
  event: number;
  source: Place;
  /** Whose child it is. */
  of: string;
  /** Names of the signals that are known to have reached it. */
  told: string[];
}

type Reached =
  | ({ kind: 'reached' } & Pick<OpenChild, 'source' | 'checkpoint'>)
  /** By that time it had gone on in another timeline. */
  | { kind: 'continued'; timeline: string };

/** Children that had started and not ended. One that Temporal had not started yet has nothing to go on from. */
export function openChildren(batches: Batch[]): Begun[] {
  const named = new Map<string, string>();
  const begun = new Map<string, Omit<Begun, 'told'>>();
  for (const { at, jobs, commands, splice } of batches) {
    // A fork's own children have new commands, which stand among its first.
    if (splice) begun.clear();
    for (const { kind, of, told } of jobs) {
      const key = `${at.timeline}/${of}`;
      const run = named.get(key);
      const timeline = startedTimeline(told['succeeded']);
      if (kind === 'resolveChildWorkflowExecution') begun.delete(key);
      if (kind === 'resolveChildWorkflowExecutionStart' && run !== undefined && timeline !== undefined)
        begun.set(key, { timeline: at.timeline, event: of ?? 0, source: { run, timeline }, of: at.run });
    }
    for (const { event, child } of commands) if (child !== undefined) named.set(`${at.timeline}/${event}`, child);
  }
  return [...begun.values()].map((child) => ({ ...child, told: toldTo(child.source.run, batches) }));
}

function toldTo(child: string, batches: Batch[]): string[] {
  const sent = new Map<string, string>();
  const told: string[] = [];
  for (const { at, jobs, commands } of batches) {
    for (const job of jobs) {
      const name = sent.get(`${at.timeline}/${job.of}`);
      if (job.kind === 'resolveSignalExternalWorkflow' && name !== undefined && !job.told['failure']) told.push(name);
    }
    for (const { event, name, to } of commands)
      if (to === child && name !== undefined) sent.set(`${at.timeline}/${event}`, name);
  }
  return told;
}

function startedTimeline(succeeded: Json | undefined): string | undefined {
  if (typeof succeeded !== 'object' || succeeded === null || Array.isArray(succeeded)) return undefined;
  const { runId } = succeeded;
  return typeof runId === 'string' ? runId : undefined;
}

/** Looks the child up in its own history. Throws JournalFault when that is gone. */
export async function childAt(begun: Begun, time: number, read: HistoryReader): Promise<OpenChild> {
  const { timeline, event, told } = begun;
  const heard: string[] = [];
  let source = begun.source;
  for (;;) {
    const reached = await lastBefore({ ...begun, source }, time, read, heard);
    if (reached.kind === 'continued') source = { ...source, timeline: reached.timeline };
    else {
      const { kind: _, ...from } = reached;
      const news = without(heard, told);
      return { timeline, event, ...from, ...(news.length > 0 && { heard: news }) };
    }
  }
}

/** One by one: a name that stands there twice may be known once. */
function without(names: string[], known: string[]): string[] {
  const left = [...known];
  return names.filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/**
 * One that was loading a journal at that time had done nothing yet: it is taken when it has, or where it was to begin.
 * Adds the names of the signals that its parent has sent to `heard`.
 */
async function lastBefore({ source, of }: Begun, time: number, read: HistoryReader, heard: string[]): Promise<Reached> {
  const served = createServed();
  let opening: Opening | undefined;
  let last = 0;
  reading: for await (const events of read(source)) {
    for (const event of events) {
      const isLater = last > 0 && timeOf(event) > time;
      if (isLater && served.state !== 'loading') return at(source, last);
      const signal = signalFrom(of, event);
      // Of what its parent is yet to tell it, it must know nothing.
      if (isLater && signal !== undefined) break reading;
      if (signal !== undefined) heard.push(signal);
      last = Number(event.eventId);
      opening = openingOf(event) ?? opening;
      follow(served, event);
      const next = continuedBy(event);
      if (next) return { kind: 'continued', timeline: next };
    }
  }
  if (last === 0) throw new JournalFault(`The history of child ${source.run}, open at the checkpoint, is gone.`);
  if (!opening || served.state !== 'loading') return at(source, last);
  heard.length = 0;
  return { kind: 'reached', source: opening.source, ...(opening.checkpoint && { checkpoint: opening.checkpoint }) };
}

function signalFrom(run: string, event: HistoryEvent): string | undefined {
  const { signalName, externalWorkflowExecution } = event.workflowExecutionSignaledEventAttributes ?? {};
  return externalWorkflowExecution?.workflowId === run ? (signalName ?? undefined) : undefined;
}

const at = (source: Place, event: number): Reached => ({
  kind: 'reached',
  source,
  checkpoint: { timeline: source.timeline, event },
});

function openingOf(event: HistoryEvent): Opening | undefined {
  const memo = event.workflowExecutionStartedEventAttributes?.memo?.fields?.['fork']?.data;
  return memo ? openingIn(memo) : undefined;
}

/** Until it has loaded the journal that it begins with. */
function follow(served: Served, event: HistoryEvent): void {
  const opening = openingOf(event);
  if (opening) served.expect(opening, event.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '');
  if (commandOf(event)?.name === journalActivity) served.scheduled(event);
  const page = served.pageOf(event);
  if (page) served.take(page, []);
}

const continuedBy = (event: HistoryEvent): string | undefined =>
  event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId || undefined;
