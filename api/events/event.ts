// The events of a run's stream, as clients get them: the same over SSE, WebSocket and as JSON pages.
import type { WaitingFor } from '../../workflows/runtime/messages.ts';

/** Why a run or a step ended badly. `type` is stable; `message` is for people. */
export interface Fault {
  type: string;
  message: string;
}

/** `duration` in seconds. Tokens are those of completed answers; what was spent in vain is the run's `waste`. */
export interface Metrics {
  total_tokens: number;
  prompt_tokens: number;
  completion_tokens: number;
  duration: number;
  steps_count: number;
  tool_calls_count: number;
  /** Of a completed agent. */
  termination_reason?: string;
}

/** A step in an event. `step` is its key: the same in all its events and deltas. `round` counts tries after an abort. */
interface StepRef {
  step: string;
  name: string;
  round: number;
}

interface ToolCallRef {
  tool: string;
  tool_call_id: string;
  step: string;
}

/** Data of each event type. Terminal ones: run_completed, run_failed, run_cancelled. Offsets are UTF-16 code units. */
export interface EventData {
  run_started: { run_id: string; session_id: string | null; timestamp: string; workflow: string };
  step_started: StepRef & { activity: string | null };
  content_delta: { content: string; step: string };
  /** The step's text starts anew after its first `offset` characters. */
  content_reset: { step: string; offset: number };
  tool_call_started: ToolCallRef & { args: unknown };
  /** `duration` in seconds. */
  tool_call_completed: ToolCallRef & { duration: number; result?: unknown; result_bytes?: number };
  tool_call_failed: ToolCallRef & { duration: number; error: Fault };
  /** `result` is left out, and `result_bytes` tells its size, when its JSON is over 32 KiB. */
  step_completed: StepRef & { step_num: number; result?: unknown; result_bytes?: number; problem?: string };
  step_failed: StepRef & { error: Fault };
  /** Stopped by a pause `now` (it will be taken again), a cancel of the run, or the workflow itself. */
  step_aborted: StepRef;
  run_paused: { run_id: string };
  run_resumed: { run_id: string };
  run_waiting: { run_id: string; waiting_for: WaitingFor[] };
  child_started: { run_id: string; workflow: string };
  child_completed: { run_id: string; status: 'completed' | 'failed' | 'cancelled'; error?: Fault };
  /** The run goes on from an earlier point: what came after the `steps_kept` first steps no longer counts. */
  run_rewound: { run_id: string; steps_kept: number; reason: string };
  /** The beginning of the run is no longer kept; what follows starts later. */
  history_expired: { run_id: string };
  run_completed: { run_id: string; response: string | null; metrics: Metrics };
  run_failed: { run_id: string; error: Fault };
  /** `response`: the text that was there when it was cancelled. */
  run_cancelled: { run_id: string; response: string | null };
}

export type EventType = keyof EventData;

/** An event before it has an id. */
export type StreamEvent = { [T in EventType]: { type: T; data: EventData[T] } }[EventType];

/** An event as it is sent. `id` is opaque, unique in the run, and a place to resume from. `timestamp`: ISO-8601 UTC. */
export type Frame = StreamEvent & { id: string; timestamp: string };

export function isTerminal(type: EventType): boolean {
  return type === 'run_completed' || type === 'run_failed' || type === 'run_cancelled';
}
