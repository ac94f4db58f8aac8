// How a run's end is told: its answer, its figures, its fault.
import type { Spent } from '../../activities/spent.ts';
import type { Metrics } from './event.ts';
import type { Happening } from './happening.ts';
import { valueOf } from './payload.ts';
import type { End, Story, Told } from './story.ts';

/** Where the answer's text may stand in a result, in this order. */
const answerKeys = ['response', 'message', 'answer', 'poem', 'text'];

/**
 * The text of a run's answer: the result itself if it is a text; else the first text among its `response`, `message`,
 * `answer`, `poem` and `text`; else null.
 */
export function responseOf(result: unknown): string | null {
  if (typeof result === 'string') return result;
  if (typeof result !== 'object' || result === null) return null;
  const fields = new Map(Object.entries(result));
  const found = answerKeys.map((key): unknown => fields.get(key)).find((value) => typeof value === 'string');
  return found ?? null;
}

type Counted = Pick<Story, 'end' | 'at' | 'steps_completed' | 'tool_calls'>;

export function metricsOf(story: Counted, usage: Spent, began: string): Metrics {
  const { input_tokens, output_tokens } = usage;
  return {
    total_tokens: input_tokens + output_tokens,
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    duration: Math.max(0, Date.parse(story.end?.at ?? story.at) - Date.parse(began)) / 1000 || 0,
    steps_count: story.steps_completed,
    tool_calls_count: story.tool_calls,
    ...reasonOf(story.end),
  };
}

function reasonOf(end: Counted['end']): Pick<Metrics, 'termination_reason'> {
  const result = end?.status === 'completed' ? valueOf(end.result) : undefined;
  if (typeof result !== 'object' || result === null || !('termination_reason' in result)) return {};
  const { termination_reason } = result;
  return typeof termination_reason === 'string' ? { termination_reason } : {};
}

/** Books the end in the story. A timeline that only continues as another one ends nothing. */
export function end(story: Story, run: string, happening: Extract<Happening, { kind: 'ended' }>): Told[] {
  if (happening.how === 'continued') return [];
  story.end = endOf(happening);
  if (story.end.status === 'completed' && story.end.result?.state === 'missing') story.payload_missing ??= happening.at;
  for (const step of story.steps)
    if (step.status === 'scheduled') Object.assign(step, { status: 'cancelled', completed_at: happening.at });
  return [{ event: terminal(story, run, story.end) }];
}

function endOf(happening: Exclude<Extract<Happening, { kind: 'ended' }>, { how: 'continued' }>): End {
  const { at } = happening;
  switch (happening.how) {
    case 'completed':
      return { status: 'completed', at, result: happening.result };
    case 'failed':
      return { status: 'failed', at, error: happening.error };
    case 'cancelled':
      return { status: 'cancelled', at };
  }
}

function terminal(story: Story, run: string, ending: End): Told['event'] {
  switch (ending.status) {
    case 'completed': {
      const response = responseOf(valueOf(ending.result));
      return {
        type: 'run_completed',
        data: { run_id: run, response, metrics: metricsOf(story, story.ledger.usage, story.created_at) },
      };
    }
    case 'failed':
      return { type: 'run_failed', data: { run_id: run, error: ending.error } };
    case 'cancelled':
      return { type: 'run_cancelled', data: { run_id: run, response: story.partial?.text ?? null } };
  }
}
