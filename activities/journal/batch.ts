// The journal of a run: batch after batch, what each of its workflow tasks was told and what the code then did. Plain JSON.

import type { Spent } from '../spent.ts';

/**
 * Stands in the first page. Open runs hold pages of every format that was ever released: who changes this one keeps the
 * reader of the old.
 */
export const format = 1;

/** Bytes do not fit into JSON: text stands as text, anything else in base64. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Packed = { utf8: string } | { base64: string };

/** Where a batch was recorded. A timeline is a Temporal Run Id, and events count from 1 in each. */
export interface Place {
  run: string;
  timeline: string;
}

/**
 * What a workflow task was told: a job of sdk-core's activation, under the name of the SDK's method that takes it.
 * https://github.com/temporalio/sdk-core/blob/main/crates/common/protos/local/temporal/sdk/core/workflow_activation/workflow_activation.proto
 */
export type JobKind =
  | 'notifyHasPatch'
  | 'updateRandomSeed'
  | 'signalWorkflow'
  | 'doUpdate'
  | 'cancelWorkflow'
  | 'fireTimer'
  | 'resolveActivity'
  | 'resolveChildWorkflowExecutionStart'
  | 'resolveChildWorkflowExecution'
  | 'resolveSignalExternalWorkflow'
  | 'resolveRequestCancelExternalWorkflow';

export interface Job {
  kind: JobKind;
  event: number;
  /** The event of the command that it answers. */
  of?: number;
  /** The job as sdk-core words it, without its seq. */
  told: { [key: string]: Json };
  /** Somebody gave it another result than its event has. Who is served it later is told so, too. */
  edited?: true;
}

/** The commands that are matched, by the name of the SDK's command. */
export type CommandKind =
  | 'scheduleActivity'
  | 'requestCancelActivity'
  | 'startTimer'
  | 'cancelTimer'
  | 'startChildWorkflowExecution'
  | 'requestCancelExternalWorkflowExecution'
  | 'signalExternalWorkflowExecution'
  | 'upsertWorkflowSearchAttributes'
  | 'modifyWorkflowProperties'
  | 'setPatchMarker';

export interface Command {
  kind: CommandKind;
  event: number;
  /** The activity's, child workflow's or signal's type. */
  name?: string;
  /** Of a step: what a stream shows of it. */
  step?: StepLabel;
  /** Of a child: its run. */
  child?: string;
  /** Of a signal: whom it is for. Older journals do not tell. */
  to?: string;
}

export interface StepLabel {
  /** Activity Id. */
  id: string;
  name?: string;
  /** Left out when it is large. */
  input?: Json;
}

/** What a timeline was when it began to live: how it stands to the batches before it. */
export interface Splice {
  kind: Opening['kind'];
  /** Of this timeline's random numbers. */
  seed: number[];
  children?: OpenChild[];
  account?: Opening['account'];
  handed_on?: true;
}

export interface Batch {
  at: Place;
  /** The event with which the workflow task was completed; of a last, open batch the newest one that was told. */
  event: number;
  /** What the code took for the time: ms since the epoch. */
  time: number;
  jobs: Job[];
  commands: Command[];
  /** What `workflowInfo()` said in this task. */
  info: { historyLength: number; historySize: number; continueAsNewSuggested: boolean };
  /** Of the first batch of a run: the seed of its random numbers. */
  seed?: number[];
  /** Of the first batch after a journal was loaded. */
  splice?: Splice;
  /** It was told, but no workflow task took it up before the checkpoint: what the code does is new. */
  open?: {
    /** Of the timeline that did it first, when one has. */
    seed?: number[];
  };
  /** The workflow task ended the timeline: commands without a record were held back for the next one. */
  continued?: boolean;
}

export interface Checkpoint {
  timeline: string;
  event: number;
}

/** Another result for a step, by the event that completed it. */
export interface Edit extends Checkpoint {
  result: unknown;
}

/** Memo `fork`: a timeline with it begins with the journal of another one. */
export interface Opening {
  /**
   * `fork`: another run's, asked for by a user. `restore`: the run's own earlier point. `continue`: the run goes on in a new
   * timeline. `check`: a dry run, ended at the checkpoint.
   */
  kind: 'fork' | 'restore' | 'continue' | 'check';
  /** Whose history is read. */
  source: Place;
  /** Up to and with this event; of a timeline that the source was served, too. Without it all of the source. */
  checkpoint?: Checkpoint;
  edits?: Edit[];
  /** Of a restore in place: other arguments than the run has. */
  args?: unknown[];
  /** Of a restored run: what it had spent until then. */
  account?: { usage: Spent; waste: Spent };
  /** Its search attributes and its memo are those of the timeline that was left, and tell of where that was. */
  handed_on?: true;
  /**
   * The timeline that was left for this one: by continue-as-new, or when an ended run is begun again. A workflow that
   * continues as new by its own hand hands its memo on: this tells that the opening is not meant for what follows.
   */
  from?: string;
}

/** A child of the source that was open at the checkpoint: the fork's own child goes on from there. */
export interface OpenChild {
  /** The command that started it. */
  timeline: string;
  event: number;
  source: Place;
  /** Its last event before the checkpoint. Absent: all of its source. */
  checkpoint?: Checkpoint;
  /** Names of signals of the source that it had got by then, and of which the source did not know. */
  heard?: string[];
}

export interface Page {
  /** In the first page. */
  format?: number;
  batches: Batch[];
  /** The index of the first batch of the next page. */
  next?: number;
  /** In the last page. */
  children?: OpenChild[];
}
