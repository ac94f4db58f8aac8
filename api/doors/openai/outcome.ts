// Waits for what comes of a run that a client has asked for and stays for.
import type { Core } from '../../deps.ts';
import { ApiError } from '../../errors.ts';
import { awaitResult, type Ended } from '../../runs/result.ts';
import { onceOnly } from './refusal.ts';

/** A client waits so long for an answer, in seconds; the run goes on. */
const longestWait = 900;

/** Throws ApiError 408 when it takes longer. Clients are told not to ask again by themselves: that would be another run. */
export async function awaitEnd(deps: Core, run: string, left: AbortSignal): Promise<Ended> {
  try {
    return await awaitResult(deps, run, longestWait, left);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { status, type, detail, headers, cause } = error;
    throw new ApiError(status, type, detail, { more: { run_id: run }, headers: { ...headers, ...onceOnly }, cause });
  }
}

/** Throws ApiError: 409 when it was cancelled, 502 when it failed. */
export async function awaitAnswer(deps: Core, run: string, left: AbortSignal): Promise<void> {
  const { status, error } = await awaitEnd(deps, run, left);
  if (status === 'completed') return;
  const more = { run_id: run };
  if (status === 'cancelled')
    throw new ApiError(409, 'run_cancelled', `Run '${run}' was cancelled.`, { more, headers: onceOnly });
  const { type = 'run_failed', message = 'The run failed.' } = error ?? {};
  throw new ApiError(502, type, `Run '${run}' failed: ${message}`, { more, headers: onceOnly });
}
