// Waits for a tail to get somewhere: to what the run has now, to the place of an event id, to the end.
import { StreamIdError } from './errors.ts';
import type { History } from './history.ts';
import type { Cursor } from './merge.ts';
import type { Tail } from './tail.ts';

/** Longer than a tail that may not poll needs for two looks at the history. */
const resumePatienceMs = 5_000;

/** Another process may have sent an event that this one has not read yet: that is no reason to refuse its id. */
export async function placeOf(tail: Tail, history: History, lastEventId: string | undefined): Promise<Cursor> {
  const { merge } = tail;
  if (lastEventId === undefined) return merge.beginning;
  try {
    return merge.resume(lastEventId);
  } catch (error) {
    if (!(error instanceof StreamIdError) || error.status !== 410) throw error;
    await isUpToDate(tail, history, resumePatienceMs);
    return merge.resume(lastEventId);
  }
}

/** Whether the tail has read, within `ms`, all that the run has now. */
export async function isUpToDate(tail: Tail, history: History, ms: number): Promise<boolean> {
  const { timeline, length } = await history.latest(tail.record.run);
  const reached = () => tail.state().kind !== 'failed' && tail.reached(timeline, length);
  return settles(tail, reached, AbortSignal.timeout(ms));
}

/** Whether the run ended before `signal` was aborted. Throws what the tail failed with. */
export async function endOf(tail: Tail, signal: AbortSignal): Promise<boolean> {
  const ended = () => {
    const state = tail.state();
    if (state.kind === 'failed') throw state.error;
    return state.kind === 'ended';
  };
  return settles(tail, ended, signal);
}

/** Waits until `holds`; false when `signal` was first. */
async function settles(tail: Tail, holds: () => boolean, signal: AbortSignal): Promise<boolean> {
  const wake = () => tail.wake();
  signal.addEventListener('abort', wake);
  try {
    while (!holds()) {
      if (signal.aborted) return false;
      await tail.heard();
    }
    return true;
  } finally {
    signal.removeEventListener('abort', wake);
  }
}
