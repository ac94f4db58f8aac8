// What a session is between two timelines: all that it knows.
import type { Turn } from '../../activities/session/turn.ts';
import type { Branch, SessionMemo } from './messages.ts';

export interface Flight {
  turn: Turn;
  /** It waits for its end. Else it is still to be begun. */
  begun: boolean;
  /** The conversation has its message. */
  kept: boolean;
  /** Its run has told its end. */
  ended?: boolean;
}

export interface SessionState {
  session_id: string;
  agent_id: string;
  user_id: string | null;
  /** Turns taken so far. */
  turns: number;
  /** The position of the newest turn that has begun. */
  begun: number;
  flight?: Flight;
  queue: Turn[];
  /** Queued ones that somebody spoke over: not answered each by itself. */
  withdrawn: Turn[];
  /** The run in flight is to be cancelled. */
  interrupted?: boolean;
  /** Reference to all that was said. */
  conversation?: string;
  head: string | null;
  promoted?: Branch;
  /** How often a run in flight is looked after, at first; after how many events a new timeline begins; how often a thing is tried. */
  pace?: { check_ms?: number; events?: number; tries?: number };
}

/** Of a session whose first turn has been begun by who starts it. */
export const firstState = (session_id: string, turn: Omit<Turn, 'position'>): SessionState => ({
  session_id,
  agent_id: turn.agent_id,
  user_id: turn.user_id ?? null,
  turns: 1,
  begun: 1,
  flight: { turn: { ...turn, position: 1 }, begun: true, kept: false },
  queue: [],
  withdrawn: [],
  head: null,
});

export const isBusy = ({ flight, queue, withdrawn, promoted }: SessionState): boolean =>
  flight !== undefined || queue.length > 0 || withdrawn.length > 0 || promoted !== undefined;

/** Nothing is in flight any more. */
export function settle(state: SessionState): void {
  state.flight = undefined;
  state.interrupted = undefined;
}

export const memoOf = (state: SessionState, updated_at: string): SessionMemo => ({
  agent_id: state.agent_id,
  user_id: state.user_id,
  turns: state.turns,
  begun: state.begun,
  in_flight: state.flight?.turn.run_id ?? null,
  head: state.head,
  updated_at,
});
