// Waits for the end of a run.
import { explain } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError, runNotFound } from '../errors.ts';
import { RunNotFound } from '../events/errors.ts';
import type { RunView } from '../events/view.ts';

export interface Ended extends Pick<RunView, 'result' | 'response' | 'error' | 'metrics'> {
  run_id: string;
  status: 'completed' | 'failed' | 'cancelled';
}

/** Throws ApiError 408 when the run is still open after `seconds`. */
export async function awaitResult({ streams }: Core, id: string, seconds: number, left: AbortSignal): Promise<Ended> {
  try {
    const ended = await streams.result(id, seconds * 1000, left);
    if (ended.kind === 'ended') return asEnded(id, ended.view);
  } catch (error) {
    throw error instanceof RunNotFound ? runNotFound(id) : explain(error);
  }
  throw new ApiError(
    408,
    'not_ended',
    `Run '${id}' has not ended within ${seconds} seconds. It goes on: ask again, or follow its events.`,
  );
}

function asEnded(run_id: string, { status, result, response, error, metrics }: RunView): Ended {
  switch (status) {
    case 'completed':
    case 'failed':
    case 'cancelled':
      return { run_id, status, result, response, error, metrics };
    case 'running':
    case 'paused':
    case 'waiting':
      throw new Error(`The history of run '${run_id}' is told as ended and as ${status}.`);
  }
}
