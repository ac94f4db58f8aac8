// Every route that asks Temporal, as a client would call it.
import { checkpointId } from '../api/runs/checkpoint-id.ts';

export interface Call {
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

const checkpoint = (run: string): string =>
  checkpointId({ run, timeline: '00000000-0000-4000-8000-000000000000', event: 7 });

const input = { messages: [{ role: 'user', content: 'hello' }] };

/** Of OpenAI's protocol: the agent, as a model. */
const asked = { model: 'assistant' };

/** @param id of a run */
export const routes = (id: string): Call[] => [
  { method: 'POST', path: '/api/workflows/simple/runs', body: { input } },
  { method: 'POST', path: '/api/workflows/simple/runs', body: { input }, headers: { 'idempotency-key': 'a key' } },
  { method: 'POST', path: '/api/workflows/simple/runs', body: { input }, headers: { accept: 'text/event-stream' } },
  { method: 'GET', path: '/api/runs' },
  { method: 'GET', path: '/api/runs?problem=true&status=failed' },
  { method: 'GET', path: `/api/runs/${id}` },
  { method: 'GET', path: `/api/runs/${id}/result` },
  { method: 'GET', path: `/api/runs/${id}/events` },
  { method: 'GET', path: `/api/runs/${id}/events`, headers: { accept: 'text/event-stream' } },
  { method: 'POST', path: `/api/runs/${id}/pause` },
  { method: 'POST', path: `/api/runs/${id}/pause`, body: { mode: 'now' } },
  { method: 'POST', path: `/api/runs/${id}/resume` },
  { method: 'POST', path: `/api/runs/${id}/cancel` },
  { method: 'POST', path: `/api/runs/${id}/answer`, body: { waiting_id: 'x', value: 1 } },
  { method: 'POST', path: `/api/runs/${id}/limits`, body: { max_tokens: 1000, on_breach: 'fail' } },
  { method: 'POST', path: `/api/runs/${id}/message`, body: { text: 'x', policy: 'queue' } },
  { method: 'POST', path: `/api/runs/${id}/fork` },
  { method: 'POST', path: `/api/runs/${id}/checkpoints`, body: { description: 'x' } },
  { method: 'GET', path: `/api/runs/${id}/checkpoints` },
  { method: 'GET', path: `/api/checkpoints/runs/${id}/checkpoints?limit=5&offset=1` },
  { method: 'GET', path: `/api/checkpoints/${checkpoint(id)}` },
  { method: 'GET', path: `/api/runs/${id}/tree` },
  { method: 'GET', path: `/api/runs/compare?a=${id}&b=${id}` },
  { method: 'POST', path: `/api/checkpoints/${checkpoint(id)}/fork`, body: { modifications: { steps: { 1: {} } } } },
  { method: 'POST', path: `/api/checkpoints/${checkpoint(id)}/fork`, body: { dry_run: true } },
  { method: 'POST', path: `/api/checkpoints/${checkpoint(id)}/restore`, body: { create_new_run: false, force: true } },
  { method: 'POST', path: '/api/v1/simple/execute', body: input },
  { method: 'GET', path: `/api/v1/simple/execution/${id}` },
  { method: 'GET', path: '/api/v1/executions?flow_name=simple&status=running&limit=5' },
  { method: 'POST', path: '/message', body: { ...input, url: 'http://127.0.0.1/', overrides: { start: {} } } },
  { method: 'GET', path: `/message/${id}` },
  { method: 'GET', path: '/v1/models/assistant' },
  { method: 'POST', path: '/v1/chat/completions', body: { ...asked, ...input, stream: true } },
  { method: 'POST', path: '/v1/responses', body: { ...asked, input: 'hello', background: true } },
  { method: 'POST', path: '/v1/responses', body: { ...asked, input: input.messages, stream: true } },
  { method: 'GET', path: `/v1/responses/resp_${id}` },
  { method: 'GET', path: `/v1/responses/resp_${id}?stream=true&starting_after=3` },
  { method: 'GET', path: `/v1/responses/resp_${id}/input_items?limit=5&order=asc` },
  { method: 'POST', path: `/v1/responses/resp_${id}/cancel` },
  { method: 'DELETE', path: `/v1/responses/resp_${id}` },
  { method: 'POST', path: `/api/runs/${id}/promote` },
  { method: 'GET', path: '/api/agents?tag=x&limit=5' },
  { method: 'GET', path: '/api/agents/fuzzed' },
  { method: 'POST', path: '/api/agents', body: { name: 'fuzzed' } },
  { method: 'PUT', path: '/api/agents/fuzzed', body: { description: 'x', config: { max_steps: 3 } } },
  { method: 'DELETE', path: `/api/agents/${id}` },
  { method: 'POST', path: '/api/chat', body: { agent_id: 'fuzzed', message: 'x' } },
  { method: 'POST', path: '/api/chat', body: { agent_id: 'fuzzed', message: 'x', session_id: id } },
  { method: 'POST', path: '/api/chat', body: { agent_id: 'fuzzed', message: 'x', stream: false } },
  { method: 'GET', path: '/api/metrics/system' },
  { method: 'GET', path: '/api/metrics/agents/fuzzed?start_time=2026-01-31T12:00:00Z' },
  { method: 'GET', path: '/api/sessions?user_id=x' },
  { method: 'GET', path: `/api/sessions/${id}` },
  { method: 'DELETE', path: `/api/sessions/${id}?runs=true` },
  { method: 'DELETE', path: `/api/runs/${id}` },
];
