// Steering a run: one call each.
import { ask, pathOf, type ServerOptions } from './server.ts';

export type RunStatus = 'queued' | 'running' | 'paused' | 'waiting' | 'completed' | 'failed' | 'cancelled';

export interface Controlled {
  success: true;
  run_id: string;
  status: RunStatus;
  message: string;
}

export interface ForkRequest {
  /** Of `GET /api/runs/{id}/checkpoints`; without it the run's newest step. */
  checkpoint_id?: string;
  modifications?: Record<string, unknown>;
  description?: string;
}

export interface Forked {
  new_run_id: string;
  checkpoint_id: string;
  message: string;
}

/** `now` aborts the step in flight; `drain`, the default, lets it end. */
export const pause = (run_id: string, options: ServerOptions & { mode?: 'drain' | 'now' } = {}): Promise<Controlled> =>
  post(options, `${pathOf(run_id)}/pause`, { mode: options.mode });

export const resume = (
  run_id: string,
  options: ServerOptions & { action?: 'continue' | 'regenerate' } = {},
): Promise<Controlled> => post(options, `${pathOf(run_id)}/resume`, { action: options.action });

export const cancel = (run_id: string, options: ServerOptions = {}): Promise<Controlled> =>
  post(options, `${pathOf(run_id)}/cancel`, {});

/** Gives a run what it waits for: `waiting_id` is in `run_waiting`. */
export const answer = (
  run_id: string,
  given: { waiting_id: string; value: unknown },
  options: ServerOptions = {},
): Promise<Controlled> => post(options, `${pathOf(run_id)}/answer`, given);

export function fork(run_id: string, request: ForkRequest = {}, options: ServerOptions = {}): Promise<Forked> {
  const { checkpoint_id, ...body } = request;
  const from = checkpoint_id === undefined ? pathOf(run_id) : `/api/checkpoints/${encodeURIComponent(checkpoint_id)}`;
  return post(options, `${from}/fork`, body);
}

const post = <T>(options: ServerOptions, path: string, body: object): Promise<T> =>
  ask<T>(options, { method: 'POST', path, body });
