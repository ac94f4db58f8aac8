// Folds the history of one timeline into batches.
import type { Batch, Command, Job, Place } from './batch.ts';
import { commandOf, patchIn } from './commands.ts';
import { JournalFault } from './fault.ts';
import { type HistoryEvent, timeOf } from './history.ts';
import { jobOf } from './jobs.ts';
import { seedOf } from './seed.ts';
import { createServed, openingIn } from './served.ts';
import { supersededActivity } from './superseded.ts';

/** The name of the activity that reads journals. What a run was served stands in its history as the results of this one. */
export const journalActivity = 'readJournal';

export interface Fold {
  /** False when this event and all later ones lie behind the checkpoint. */
  take(event: HistoryEvent): boolean;
  /** Throws JournalFault when the run itself was still loading a journal. */
  batches(): Batch[];
  /** A native reset copies the events of its base: these timelines have the same events up to and with `event`. */
  readonly bases: { timeline: string; event: number }[];
}

/** `until`: the checkpoint's event. The traces of the workflow task that it belongs to are taken whole: they were written at once. */
export function createFold(at: Place, until = Infinity): Fold {
  const done: Batch[] = [];
  const bases: Fold['bases'] = [];
  const commanded = new Map<number, HistoryEvent>();
  const served = createServed();
  let told: Job[] = [];
  let started: HistoryEvent | undefined;
  let task: Batch | undefined;
  let newest: HistoryEvent | undefined;
  let seed: number[] = [];

  const complete = (event: HistoryEvent) => {
    const jobs = told;
    told = [];
    task = undefined;
    if (served.state === 'loading') {
      served.hold(jobs);
      return;
    }
    const batch = { ...describe(at, started ?? event, Number(event.eventId)), jobs: [...served.release(), ...jobs] };
    task = begin(batch);
    done.push(task);
  };

  /** The first batch of a timeline says what its random numbers come from. */
  const begin = (batch: Batch): Batch => {
    const splice = served.splice(seed);
    if (splice) return { ...batch, splice };
    return done.length === 0 && !batch.open ? { ...batch, seed } : batch;
  };

  const takeStart = (event: HistoryEvent) => {
    const attributes = event.workflowExecutionStartedEventAttributes;
    if (!attributes) return;
    seed = seedOf(attributes.originalExecutionRunId ?? at.timeline);
    const memo = attributes.memo?.fields?.['fork']?.data;
    if (memo) served.expect(openingIn(memo), attributes.continuedExecutionRunId ?? '');
  };

  const takeTask = (event: HistoryEvent) => {
    if (event.workflowTaskStartedEventAttributes) started = event;
    if (event.workflowTaskCompletedEventAttributes) complete(event);
    const failed = event.workflowTaskFailedEventAttributes;
    if (failed?.newRunId && failed.baseRunId) bases.push({ timeline: failed.baseRunId, event: Number(event.eventId) });
    if (event.workflowExecutionContinuedAsNewEventAttributes && task) task.continued = true;
  };

  const takeTold = (event: HistoryEvent): void => {
    const page = served.pageOf(event);
    if (page) done.push(...served.take(page, seed));
    if (page || served.isOurs(event)) return;
    const job = jobOf(event, commanded);
    if (!job) return;
    // An update is accepted by the task that took it up, and so stands behind it.
    if (job.kind !== 'doUpdate') told.push(job);
    else if (task) task.jobs.push(job);
    else served.hold([job]);
  };

  return {
    bases,
    take(event) {
      if (Number(event.eventId) > until && !isTraceOfTask(event)) return false;
      if (Number(event.eventId) <= until) newest = event;
      refuse(event);
      takeStart(event);
      takeTask(event);
      const command = commandOf(event);
      if (command) commanded.set(Number(event.eventId), event);
      const own =
        (command?.name === journalActivity && served.scheduled(event)) ||
        (command?.name === supersededActivity && served.leftOut(event));
      if (command && !own) task?.commands.push(command);
      const patch = patchOf(event);
      if (patch) task?.jobs.push(patch);
      takeTold(event);
      return true;
    },
    batches() {
      if (served.state === 'loading') {
        const what = `At this event run ${at.run} was still loading the journal that it began with: fork its source instead.`;
        throw new JournalFault(what);
      }
      const all = [...done];
      if ((told.length > 0 || done.length === 0 || served.state === 'loaded') && newest) {
        const batch = { ...describe(at, newest, Number(newest.eventId)), open: {} };
        all.push(begin({ ...batch, jobs: [...served.release(), ...told] }));
      }
      return all.map((batch) => ({ ...batch, jobs: batch.jobs.toSorted((a, b) => rank(a) - rank(b)) }));
    },
  };
}

function describe(at: Place, started: HistoryEvent, event: number): Omit<Batch, 'jobs'> {
  const { historySizeBytes, suggestContinueAsNew } = started.workflowTaskStartedEventAttributes ?? {};
  const info = {
    historyLength: Number(started.eventId),
    historySize: Number(historySizeBytes ?? 0),
    continueAsNewSuggested: suggestContinueAsNew === true,
  };
  const commands: Command[] = [];
  return { at, event, time: timeOf(started), commands, info };
}

/** sdk-core's order of the jobs of one activation; within a class as they happened. */
function rank({ kind }: Job): number {
  if (kind === 'notifyHasPatch') return 1;
  if (kind === 'updateRandomSeed') return 2;
  return kind === 'signalWorkflow' || kind === 'doUpdate' ? 3 : 4;
}

/** Commands and the answers to updates are written together with the completion of their workflow task. */
function isTraceOfTask(event: HistoryEvent): boolean {
  if (event.workflowExecutionUpdateAcceptedEventAttributes || event.workflowExecutionUpdateCompletedEventAttributes)
    return true;
  return Object.values(event).some(
    (attributes) =>
      typeof attributes === 'object' && attributes !== null && 'workflowTaskCompletedEventId' in attributes,
  );
}

function patchOf(event: HistoryEvent): Job | undefined {
  const patchId = patchIn(event);
  return patchId === undefined
    ? undefined
    : { kind: 'notifyHasPatch', event: Number(event.eventId), told: { patchId } };
}

/** The gate refuses both, but a run may have begun without it. */
function refuse(event: HistoryEvent): void {
  const local = event.markerRecordedEventAttributes?.markerName === 'core_local_activity';
  if (local || event.nexusOperationScheduledEventAttributes) {
    const what = local ? 'a local activity' : 'a Nexus operation';
    throw new JournalFault(`Event ${Number(event.eventId)} is ${what}, which cannot be replayed in another run.`);
  }
}
