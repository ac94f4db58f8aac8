// A turn of a session: what somebody said to an agent, and the run that answers it.

export interface Turn {
  /** Of the run, before there is one. */
  run_id: string;
  /** From 1, in the order in which the session took them. */
  position: number;
  agent_id: string;
  message: string;
  user_id?: string;
  /** To whom its run belongs, as search attributes have it; absent: auth was off. */
  owner?: string;
  /** The agent's, when the turn was taken: another one of its name is not asked. */
  agent_owner?: string;
  tags?: string[];
  metadata?: Record<string, unknown>;
  limits?: object;
  /** sha256 of the request (Idempotency-Key). */
  request?: string;
}

/** What an agent remembers of a session, at most. */
export interface Memory {
  messages: number;
  tokens: number;
}

export interface Said {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface SessionRef {
  /** As clients name it. */
  session_id: string;
  /** Its Workflow Id. */
  workflow: string;
}

export interface StartTurn {
  session: SessionRef;
  /** Reference to what was said before. */
  conversation?: string;
  turn: Turn;
  /** Somebody said more before it had begun: its run is cancelled before it does anything. */
  withdrawn?: true;
}

/** `refused`: there is no such agent any more, or its run cannot be. */
export interface TurnStarted {
  kind: 'started' | 'refused';
  /** With what was said in this turn. */
  conversation: string;
}

export interface KeepTurn {
  run_id: string;
  conversation?: string;
  /** What was said in this turn, when the conversation has it not yet. */
  message?: string;
}

export type RunState = 'open' | 'ended' | 'gone';

/** Of sessions: they hold no slot of a step. */
export interface SessionActivities {
  startTurn(request: StartTurn): Promise<TurnStarted>;
  /** Waits for the run's end, and keeps its answer after what was said; of a cancelled one what was there. */
  keepTurn(request: KeepTurn): Promise<{ conversation: string }>;
  checkTurn(run_id: string): Promise<RunState>;
  keepBranch(messages: Said[]): Promise<{ conversation: string }>;
}
