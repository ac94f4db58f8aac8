// What is known of a run at some point of its history: the state that folding goes through, and that a timeline hands on.
import type { RunState, WaitingFor } from '../../workflows/runtime/messages.ts';
import type { Fault, StreamEvent } from './event.ts';
import { emptyLedger, type Ledger } from './ledger.ts';
import type { Opened } from './payload.ts';
import type { ChildView, StepView } from './view.ts';

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
    state: null,
    waiting: [],
    cancel_requested: false,
    pause_unheard: false,
    partial: null,
    payload_missing: null,
    end: null,
  };
}
