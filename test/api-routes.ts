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
  { method: 'DELETE', path: `/api/runs/${id}` },
];
