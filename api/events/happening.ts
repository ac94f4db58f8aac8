// What happened in a timeline: the history events that matter to streams and views, with their payloads opened.
import type { OpeningSeen } from './decode/opening.ts';
import type { Fault } from './event.ts';
import type { Opened } from './payload.ts';

/**
 * `id`: the history event's. `at`: ISO-8601 UTC. `origin`: where it was recorded, when the timeline was only served it; then
 * many have the id of the same page. `scheduled`, `initiated`: the id of the event that this one answers, there.
 */
export type Happening = { id: number; at: string; origin?: Origin } & Fact;

export interface Origin {
  run: string;
  timeline: string;
  event: number;
  /** It, or something that came before it, was served with another result than was recorded there. */
  edited?: true;
}

export type Fact =
  | Started
  /** All up to this event of the origin was served. */
  | { kind: 'served' }
  /** From here a timeline lives by itself. */
  | { kind: 'spliced'; how: OpeningSeen['kind']; account: OpeningSeen['account'] }
  /** What the timeline was served is no longer in the payload store. */
  | { kind: 'journal_missing' }
  | { kind: 'rewound'; base: string; timeline: string; reason: string }
  | { kind: 'step_scheduled'; step: string; activity: string; name: string; input: Opened | undefined }
  | { kind: 'step_cancel_requested'; scheduled: number }
  | { kind: 'step_begun'; scheduled: number; attempt: number }
  | { kind: 'step_completed'; scheduled: number; result: Opened | undefined }
  | { kind: 'step_failed'; scheduled: number; error: Fault }
  /** `left`: the last heartbeat of an attempt that died, or what an aborted one left behind. */
  | { kind: 'step_timed_out'; scheduled: number; error: Fault; left: unknown }
  | { kind: 'step_cancelled'; scheduled: number; left: unknown }
  | { kind: 'spent'; report: unknown }
  | { kind: 'answered'; answer: unknown }
  /** What was asked is not known: the answer is all that a journal has of a wait. */
  | { kind: 'wait_answered'; answer: unknown }
  | { kind: 'named'; name: unknown }
  | { kind: 'cancel_requested' }
  /** A signal that the run may not have heard yet. */
  | { kind: 'asked'; to: 'pause' | 'resume' }
  | { kind: 'state'; state: unknown }
  | { kind: 'waiting'; waiting: unknown }
  | { kind: 'child_started'; initiated: number; run: string; workflow: string }
  | { kind: 'child_ended'; initiated: number; status: 'completed' | 'failed' | 'cancelled'; error?: Fault }
  | Ended;

export interface Started {
  kind: 'started';
  workflow: string;
  input: Opened[];
  session: string | null;
  state: unknown;
  waiting: unknown;
  /** Run Id under which this event was written: another one than the timeline's own after a native reset. */
  original: string;
  /** Run Id of the timeline that continued as this one. */
  continued: string | undefined;
  /** The timeline begins with a journal. */
  opening: OpeningSeen | undefined;
}

/** `next`: Run Id of the timeline that goes on from here (continue-as-new, cron, a workflow's retry policy). */
export type Ended = { kind: 'ended'; next: string | undefined } & (
  | { how: 'completed'; result: Opened | undefined }
  | { how: 'failed'; error: Fault }
  | { how: 'cancelled' }
  | { how: 'continued' }
);
