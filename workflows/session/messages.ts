// The names by which the API and the runs of a session reach it, and what it shows of itself.
import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Said, Turn } from '../../activities/session/turn.ts';

export const sessionType = 'session';

/** Its Workflow Id. Each owner's sessions are its own; an owner, as search attributes have it, has no colon. */
export const sessionWorkflow = (session_id: string, owner?: string): string =>
  owner === undefined ? `session:${session_id}` : `session@${owner}:${session_id}`;

/** What becomes of a message while another one is being answered. */
export type TextingPolicy = 'queue' | 'interrupt' | 'reject';

export interface TurnRequest extends Omit<Turn, 'position'> {
  policy: TextingPolicy;
  /** Asked for again by who does not know its run_id: one of the same request that is still open is meant. */
  again?: true;
  /** Goes on from this run, and from nothing that is said after it. */
  after?: string;
}

export interface TurnAccepted {
  run_id: string;
  position: number;
}

export interface Branch {
  run_id: string;
  /** What was said in it, its answer included. */
  messages: Said[];
}

/**
 * Refused by its validator: `SessionBusy` for the policy reject, `SessionFull`, `NotNewest` when something was said after
 * `after`, `TurnTaken` for a run_id with another request.
 */
export const turn = defineUpdate<TurnAccepted, [TurnRequest]>('turn');
/** Refused by its validator while a turn is in flight or queued: `SessionBusy`. */
export const promote = defineUpdate<{ head: string }, [Branch]>('promote');
/** Of a run that ends. Only that of the turn in flight counts. */
export const ended = defineSignal<[{ run_id: string }]>('ended');

/** Memo `session`: one key, because each has its own envelope in every event that writes it. */
export interface SessionMemo {
  agent_id: string;
  user_id: string | null;
  /** Turns taken, and of these how many have begun. */
  turns: number;
  begun: number;
  in_flight: string | null;
  /** The run whose conversation the next turn goes on with. */
  head: string | null;
  updated_at: string;
}
