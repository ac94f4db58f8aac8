// Steps that are tool calls: the place where agents will name theirs.
import type { EventData, StreamEvent } from './event.ts';

export interface ToolCallSeen {
  tool: string;
  tool_call_id: string;
  args: unknown;
}

/** Tells whether a step is a tool call, from its activity's name and first argument. */
export type ToolReader = (activity: string, input: unknown) => ToolCallSeen | undefined;

/** A tool call in flight. Times: ISO-8601. */
export interface ToolCall extends ToolCallSeen {
  step: string;
  started_at: string;
}

export function toolStarted({ tool, tool_call_id, args, step }: ToolCall): StreamEvent {
  return { type: 'tool_call_started', data: { tool, args, tool_call_id, step } };
}

type Outcome = Pick<EventData['tool_call_completed'], 'result' | 'result_bytes'>;

export function toolCompleted(call: ToolCall, at: string, { result, result_bytes }: Outcome): StreamEvent {
  return { type: 'tool_call_completed', data: { ...named(call, at), result, result_bytes } };
}

export function toolFailed(call: ToolCall, at: string, error: EventData['tool_call_failed']['error']): StreamEvent {
  return { type: 'tool_call_failed', data: { ...named(call, at), error } };
}

function named({ tool, tool_call_id, step, started_at }: ToolCall, at: string) {
  return { tool, tool_call_id, step, duration: (Date.parse(at) - Date.parse(started_at)) / 1000 };
}
