// What is known of a run at some point of its history: the state that folding goes through, and that a timeline hands on.
import { nothing, type Spent } from '../../activities/spent.ts';
import type { RunState, WaitingFor } from '../../workflows/runtime/messages.ts';
import type { Fault, Metrics, StreamEvent } from './event.ts';
import { emptyLedger, type Ledger } from './ledger.ts';
import type { Opened } from './payload.ts';
import { nothingOpen, type OpenState } from './open-state.ts';
import type { Checkpoint, ChildView, StepView } from './view.ts';

export interface Story {
  workflow: string;
  session: string | null;
  created_at: string;
  /** Time of the newest happening. */
  at: string;
  input: Opened[];
  steps: StepView[];
  steps_completed: number;
  tool_calls: number;
  ledger: Ledger;
  children: ChildView[];
  open: OpenState;
  /** Points that can be forked: its completed steps, and those that somebody named. In order. */
  marks: Mark[];
  /** What all its completed steps have cost, whoever paid. */
  worth: Spent;
  /** Time of the first thing that is told of it. */
  began: string;
  /** Of other timelines that it was served or copied from: up to which event. */
  reaches: Map<string, number>;
  state: RunState | null;
  waiting: WaitingFor[];
  cancel_requested: boolean;
  /** A pause was sent, and the run has shown no other state since: nobody has heard it yet. */
  pause_unheard: boolean;
  /** What the newest aborted step had said, until it is taken again and completes. */
  partial: { step: string; text: string } | null;
  /** Since when a payload of the run was seen to be missing. */
  payload_missing: string | null;
  end: End | null;
}

/** A point of the run, right after a step or at a message that names it. */
export interface Mark extends Checkpoint {
  at: string;
  /** Whose history the timeline is. */
  run: string;
  /** The newest step that had completed. */
  step: StepView | null;
  step_num: number;
  /** Given by a person. */
  name?: { description: string; tags: string[] };
  status: 'running' | 'paused' | 'waiting';
  /** Of all that led to it, whoever paid. */
  metrics: Metrics;
}

export type End = { at: string } & (
  { status: 'completed'; result: Opened | undefined } | { status: 'failed'; error: Fault } | { status: 'cancelled' }
);

/** A stream event that a happening gives, and what it means for the text that viewers have been shown. */
export interface Told {
  event: StreamEvent;
  /** The stored text of a step: what of it was not shown yet is sent before the event. */
  words?: Words;
  /** The step whose text is settled with this event. */
  settles?: string;
}

export interface Words {
  step: string;
  round: number;
  attempt: number;
  text: string;
}

export function emptyStory(): Story {
  return {
    workflow: '',
    session: null,
    created_at: '',
    at: '',
    input: [],
    steps: [],
    steps_completed: 0,
    tool_calls: 0,
    ledger: emptyLedger(),
    children: [],
    open: nothingOpen(0),
    marks: [],
    worth: nothing,
    began: '',
    reaches: new Map(),
    state: null,
    waiting: [],
    cancel_requested: false,
    pause_unheard: false,
    partial: null,
    payload_missing: null,
    end: null,
  };
}
