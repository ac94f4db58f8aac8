// Starts a run and awaits its end, as every door does.
import type { Core } from '../../deps.ts';
import { ApiError } from '../../errors.ts';
import { awaitResult } from '../../runs/result.ts';
import { startRun } from '../../runs/start.ts';
import { unready } from './guard.ts';

export type End =
  | { kind: 'completed'; run_id: string; result: unknown }
  /** `error`: what a client is told unless the door has a better word for it. */
  | { kind: 'failed'; run_id: string; type: string; message: string; error: ApiError };

/** A client waits so long for an answer, in seconds; the run goes on. */
const longestWait = 900;

export async function begin(deps: Core, workflow: string, input: unknown): Promise<string> {
  return (await startRun(deps, { workflow, request: { input } })).id;
}

/** Throws ApiError: 503 without a worker, 408 when it takes too long, 409 when somebody cancelled or terminated it. */
export async function endOf(deps: Core, workflow: string, input: unknown, left: AbortSignal): Promise<End> {
  if (!(await deps.workers.present())) throw noWorker();
  const run_id = await begin(deps, workflow, input);
  const { status, result, error } = await awaitResult(deps, run_id, longestWait, left);
  if (status === 'completed') return { kind: 'completed', run_id, result };
  if (status === 'cancelled')
    throw new ApiError(409, 'run_cancelled', `Run '${run_id}' was cancelled.`, { more: { run_id } });
  const { type = 'unknown', message = 'The run failed.' } = error ?? {};
  if (type === 'terminated')
    throw new ApiError(409, 'run_terminated', `Run '${run_id}' was terminated.`, { more: { run_id } });
  if (type === 'SandboxUnavailable') throw unready('sandbox_unavailable', message);
  const unforeseen = new ApiError(500, 'run_failed', `Run '${run_id}' failed: ${message}`, { more: { run_id } });
  return { kind: 'failed', run_id, type, message, error: unforeseen };
}

const noWorker = (): ApiError =>
  new ApiError(503, 'no_worker', 'No worker is there to do it. Start one (npm run worker), and try again.', {
    headers: { 'Retry-After': '5' },
  });
