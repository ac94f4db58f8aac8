// Every route that asks Temporal, as a client would call it.

export interface Call {
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

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
  { method: 'DELETE', path: `/api/runs/${id}` },
];
