// What is under way at some point of a run's history: the part of its story that only folding needs.
import type { ToolCall } from './toolcall.ts';
import type { Checkpoint, ChildView, StepView } from './view.ts';

/** A step that was scheduled and has not ended. */
export interface Flight {
  view: StepView;
  tool: ToolCall | undefined;
  cancelRequested: boolean;
  /** The run was pausing while its cancel was out: however it ends but with a result, it was aborted. */
  aborted: boolean;
}

/** Steps, children and commands are known by the event that asked for them: `<timeline>/<event>`. */
export interface OpenState {
  /** Ordinal of the timeline in which Activity Ids began anew. */
  epoch: number;
  flights: Map<string, Flight>;
  /** By step: in flight where a journal ended. The timeline that it was served to takes them anew. */
  left: Map<string, Flight>;
  /** By step: how often it was taken. */
  rounds: Map<string, number>;
  children: Map<string, ChildView>;
  /** By waiting_id. */
  waits: Map<string, StepView>;
  answers: Map<string, { value: unknown; checkpoint: Checkpoint }>;
  paused: boolean;
}

export const nothingOpen = (epoch: number): OpenState => ({
  epoch,
  flights: new Map(),
  left: new Map(),
  rounds: new Map(),
  children: new Map(),
  waits: new Map(),
  answers: new Map(),
  paused: false,
});
