// Replays a journal: hands batch after batch to the code, each when it has come to rest, and matches what the code does
// with what is recorded. Matched commands are never sent: the journal answers them.
import type { Batch, Job, Splice } from '../../../activities/journal/batch.ts';
import { type SdkCommand, setClock, setReplaying, setSeed, takeCommands } from '../sdk.ts';
import { collect } from './collect.ts';
import type { Diverge } from './divergence.ts';
import { match } from './match.ts';
import { createUpserts } from './shown.ts';
import { createTaken, recordOf, type Taken } from './taken.ts';
import { tell } from './told.ts';

export interface ReplayOptions {
  /** Calls the workflow's function, which natively follows the messages of the first task. */
  start: () => void;
  diverge: Diverge;
  /** A timeline begins to live, as one of the journal's did or as this one does now. */
  spliced: (splice: Splice) => void;
  /** What the code does until then is not in the journal. */
  suspended: () => void;
  /** Of this timeline's random numbers. */
  seed: number[];
}

export interface Replay {
  serve(batch: Batch): Promise<void>;
  /** A timeline begins to live: what is open becomes its own. The first commands that it gives. */
  splice(splice: Splice): SdkCommand[];
  open: Taken['open'];
}

export function createReplay({ start, diverge, spliced, suspended, seed }: ReplayOptions): Replay {
  const taken = createTaken();
  const upserts = createUpserts();
  let begun = false;
  /** The time of the newest batch. */
  let now = 0;
  let wasOpen = false;

  const splice: Replay['splice'] = (splice) => {
    const { kind, seed, children = [] } = splice;
    // An open batch was already worked on with these random numbers: from the start they would come twice.
    if (!wasOpen) setSeed(seed);
    const commands = taken.release(now, kind, children);
    // A patch's marker, if any: the code itself has not gone on yet.
    commands.unshift(...takeCommands());
    spliced(splice);
    // What the run shows now that it lives counts, and not the pause that it was served.
    if (kind !== 'continue') for (const command of takeCommands()) upserts.add(command);
    const shown = upserts.release();
    // Who continues as new keeps what it shows.
    return kind === 'continue' ? commands : [...commands, ...shown];
  };

  const become = ({ time, info, seed: first, open }: Batch) => {
    setClock(time);
    setReplaying(info);
    if (first) setSeed(first);
    // What the code does of itself after the checkpoint has random numbers of its own, else two forks were alike.
    if (open) setSeed(open.seed ?? seed);
  };

  const tellOne = (job: Job, { at }: Batch) => {
    const seq = job.of === undefined ? 0 : taken.seqOf(recordOf(at.timeline, job.of));
    if (seq === undefined) return diverge(`Event ${job.event} answers what this code has not asked for (${job.kind}).`);
    settle(taken, job.kind, seq);
    return tell(job, at, seq);
  };

  return {
    splice,
    open: taken.open,
    async serve(batch) {
      become(batch);
      const patches = batch.jobs.filter(({ kind }) => kind === 'notifyHasPatch');
      for (const job of patches) tellOne(job, batch);
      const given = batch.splice ? splice(batch.splice) : [];
      if (batch.open) suspended();
      now = batch.time;
      wasOpen = batch.open !== undefined;
      for (const job of batch.jobs) if (!patches.includes(job)) tellOne(job, batch);
      if (!begun) start();
      begun = true;
      await collect(given, batch.commands.length, taken, diverge);
      match({ batch, given, taken, upserts, diverge });
    },
  };
}

function settle(taken: Taken, kind: Job['kind'], seq: number): void {
  if (kind === 'resolveActivity') taken.answered('scheduleActivity', seq);
  if (kind === 'fireTimer') taken.answered('startTimer', seq);
  if (kind === 'resolveChildWorkflowExecutionStart') taken.started(seq);
  if (kind === 'resolveChildWorkflowExecution') taken.answered('startChildWorkflowExecution', seq);
  if (kind === 'resolveSignalExternalWorkflow') taken.answered('signalExternalWorkflowExecution', seq);
  if (kind === 'resolveRequestCancelExternalWorkflow') taken.answered('requestCancelExternalWorkflowExecution', seq);
}
