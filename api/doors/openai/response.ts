// A run as a response of OpenAI's: https://platform.openai.com/docs/api-reference/responses/object
import { z } from '@hono/zod-openapi';
import { unlessAbsent } from '../../absent.ts';
import { agentWorkflow } from '../../chat/agent-run.ts';
import { longRead, withDeadline } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { requireRun } from '../../runs/describe.ts';
import { readRun } from '../../runs/read.ts';
import type { RunAnswer } from '../../runs/shape.ts';
import { doorOf, inputOf } from './asked.ts';
import type { OutputItem } from './item.ts';
import { createOutput } from './output.ts';
import { responseNotFound } from './refusal.ts';

export interface Usage {
  input_tokens: number;
  input_tokens_details: { cached_tokens: number };
  output_tokens: number;
  output_tokens_details: { reasoning_tokens: number };
  total_tokens: number;
}

export interface ResponseObject {
  id: string;
  object: 'response';
  created_at: number;
  completed_at: number | null;
  status: 'queued' | 'in_progress' | 'completed' | 'failed' | 'cancelled' | 'incomplete';
  background: boolean;
  error: { code: string; message: string } | null;
  incomplete_details: { reason: string } | null;
  instructions: string | null;
  metadata: Record<string, unknown>;
  model: string;
  output: OutputItem[];
  parallel_tool_calls: boolean;
  previous_response_id: string | null;
  conversation: { id: string } | null;
  store: boolean;
  temperature: number | null;
  text: { format: { type: 'text' } };
  tool_choice: 'auto';
  tools: never[];
  top_p: null;
  truncation: 'disabled';
  usage: Usage | null;
}

export const responseId = (run: string): string => `resp_${run}`;

/** The run's id. Throws ApiError 404 for what is no response: an unknown id, a run that is not an agent's. */
export async function requireResponse(deps: Core, id: string, param = 'response_id'): Promise<string> {
  const run = id.startsWith('resp_') ? id.slice('resp_'.length) : '';
  const found = await unlessAbsent(withDeadline(deps, () => requireRun(deps, run)));
  if (found?.type !== agentWorkflow) throw responseNotFound(id, param);
  return run;
}

/** @param items as a stream has told them; absent: as far as they are there */
export async function readResponse(deps: Core, run: string, items?: OutputItem[]): Promise<ResponseObject> {
  const read = await readRun(deps, run);
  return responseOf(read, items ?? (await readItems(deps, run)));
}

/** What has been said in steps that have ended. */
export async function readItems(deps: Core, run: string): Promise<OutputItem[]> {
  const { events } = await longRead(deps, () => deps.streams.page(run, 0, Number.MAX_SAFE_INTEGER));
  const output = createOutput(run);
  for (const frame of events) output.take(frame);
  return output.items();
}

export function responseOf(run: RunAnswer, output: OutputItem[]): ResponseObject {
  const { id, created_at, completed_at, error, session_id, agent_id } = run;
  const { background = false, previous_response_id = null } = doorOf(run);
  const { openai: _, ...metadata } = run.metadata;
  const { agent, openai: asked } = inputOf(run);
  const status = statusOf(run);
  return {
    id: responseId(id),
    object: 'response',
    created_at: seconds(created_at),
    completed_at: completed_at === null ? null : seconds(completed_at),
    status,
    background,
    error: error && { code: codeOf(error.type), message: error.message },
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: asked.instructions,
    metadata,
    model: agent_id ?? agent.name,
    output: answersOf(run, output),
    parallel_tool_calls: true,
    previous_response_id,
    conversation: session_id === null ? null : { id: session_id },
    store: true,
    temperature: agent.config.temperature,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    usage: completed_at === null ? null : usageOf(run),
  };
}

export const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

export const usageOf = ({ usage: { input_tokens, output_tokens } }: Pick<RunAnswer, 'usage'>): Usage => ({
  input_tokens,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: input_tokens + output_tokens,
});

/** A run that has used its turns up has answered, but not as it wanted to. */
export const isCut = ({ result }: Pick<RunAnswer, 'result'>): boolean => cut.safeParse(result).success;

const cut = z.object({ termination_reason: z.literal('max_steps') });

function statusOf(run: RunAnswer): ResponseObject['status'] {
  switch (run.status) {
    case 'queued':
    case 'failed':
    case 'cancelled':
      return run.status;
    case 'running':
    case 'paused':
    case 'waiting':
      return 'in_progress';
    case 'completed':
      return isCut(run) ? 'incomplete' : 'completed';
  }
}

const codeOf = (type: string): string => (/RateLimit/.test(type) ? 'rate_limit_exceeded' : 'server_error');

/** An answer that must have a schema is the last message alone: others were tries, or words between. */
function answersOf(run: RunAnswer, output: OutputItem[]): OutputItem[] {
  return run.status === 'completed' && inputOf(run).agent.output_schema ? output.slice(-1) : output;
}
