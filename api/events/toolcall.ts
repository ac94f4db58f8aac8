// Steps that are tool calls of an agent: what streams tell of them.
import { z } from 'zod';
import type { ToolOutcome, ToolRequest } from '../../activities/tools/tool.ts';
import type { WaitingFor } from '../../workflows/runtime/messages.ts';
import type { EventData, Fault, StreamEvent } from './event.ts';
import { valueOf, type Opened } from './payload.ts';
import type { StepView } from './view.ts';

export interface ToolCallSeen {
  tool: string;
  tool_call_id: string;
  args: unknown;
}

/** Tells whether a step is a tool call, from its activity's name and first argument. */
export type ToolReader = (activity: string, input: unknown) => ToolCallSeen | undefined;

const request: z.ZodType<Pick<ToolRequest, 'tool' | 'tool_call_id' | 'args'>> = z.object({
  tool: z.string(),
  tool_call_id: z.string(),
  args: z.string(),
});

export const readToolCall: ToolReader = (activity, input) => {
  const data = activity === 'callTool' ? request.safeParse(input).data : undefined;
  return data && { tool: data.tool, tool_call_id: data.tool_call_id, args: parsed(data.args) };
};

/** What a model wrote as JSON may be none. */
function parsed(args: string): unknown {
  try {
    return JSON.parse(args);
  } catch {
    return args;
  }
}

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

/** The step of a tool call was completed: so is the call, unless a person has to say something first. */
export function toolEnded(
  call: ToolCall,
  at: string,
  result: Opened | undefined,
  shown: Outcome,
): StreamEvent | undefined {
  const outcome = outcomeIn(valueOf(result));
  switch (outcome?.kind) {
    case 'needs_approval':
    case 'asks_person':
      return undefined;
    case 'error':
    case 'unknown':
      return toolFailed(call, at, {
        type: outcome.kind === 'error' ? 'tool_error' : 'tool_not_found',
        message: outcome.content,
      });
    case 'result':
      return toolCompleted(call, at, shown.result_bytes === undefined ? { result: outcome.content } : shown);
    case undefined:
      return toolCompleted(call, at, shown);
  }
}

const outcome: z.ZodType<
  Pick<Extract<ToolOutcome, { content: string }>, 'kind' | 'content'> | { kind: 'needs_approval' | 'asks_person' }
> = z.union([
  z.object({ kind: z.enum(['result', 'error', 'unknown']), content: z.string() }),
  z.object({ kind: z.enum(['needs_approval', 'asks_person']) }),
]);

const outcomeIn = (value: unknown) => outcome.safeParse(value).data;

export function toolFailed(call: ToolCall, at: string, error: Fault): StreamEvent {
  return { type: 'tool_call_failed', data: { ...named(call, at), error } };
}

function named({ tool, tool_call_id, step, started_at }: ToolCall, at: string) {
  return { tool, tool_call_id, step, duration: (Date.parse(at) - Date.parse(started_at)) / 1000 };
}

/** A person has said something on a call: the answer is its result, or it is not made. */
export function toolAnswered(
  { kind, tool, tool_call_id, args }: WaitingFor,
  { step, started_at }: Pick<StepView, 'step' | 'started_at'>,
  at: string,
  answer: unknown,
): StreamEvent | undefined {
  if (tool === undefined || tool_call_id === undefined) return undefined;
  const call = { tool, tool_call_id, args, step, started_at };
  if (kind === 'question') return toolCompleted(call, at, { result: answer });
  if (isReuse(answer)) return toolCompleted(call, at, { result: 'The result of an earlier call was taken.' });
  return isRejection(answer)
    ? toolFailed(call, at, { type: 'rejected', message: 'A person has rejected the call.' })
    : undefined;
}

/** Nobody has said anything on a call in the time that there was for it: it is not made, unless that was to approve it. */
export function toolUnanswered(
  { tool, tool_call_id, args, on_timeout }: WaitingFor,
  { step, started_at }: Pick<StepView, 'step' | 'started_at'>,
  at: string,
): StreamEvent | undefined {
  if (tool === undefined || tool_call_id === undefined) return undefined;
  if (on_timeout === undefined || on_timeout === 'approve') return undefined;
  const call = { tool, tool_call_id, args, step, started_at };
  return toolFailed(call, at, { type: 'approval_timed_out', message: 'Nobody has answered in time.' });
}

const isReuse = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && 'decision' in answer && answer.decision === 'reuse';

const isRejection = (answer: unknown): boolean =>
  answer === false ||
  answer === 'reject' ||
  (typeof answer === 'object' && answer !== null && 'decision' in answer && answer.decision === 'reject');
