// The landing of a turn: its run's end is waited for, and what was answered is kept.
import { condition, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { RunState } from '../../activities/session/turn.ts';
import { isLong, show } from './shown.ts';
import { type Flight, type SessionState, settle } from './state.ts';
import { orLeave, type Work } from './work.ts';

/** A run that never tells its end is noticed so late, in ms; one that has been at work for long, a little later. */
const checkMs = 30_000;
const longestCheckMs = 300_000;

/** Comes back earlier when a new timeline is due. */
export async function land(work: Work, state: SessionState, flight: Flight): Promise<void> {
  const { run_id, message } = flight.turn;
  const run = await landed(work, state, flight);
  if (run === 'open') return;
  if (run === 'gone' && !flight.kept) return beginAnew(state, flight);
  const request = { run_id, conversation: state.conversation };
  const { conversation } = await orLeave(work.keepTurn(flight.kept ? request : { ...request, message }), request);
  state.conversation = conversation;
  state.head = run_id;
  settle(state);
  show(state);
}

/** Who opened the session was to begin its first run, and went before that. */
function beginAnew(state: SessionState, { turn }: Flight): void {
  if (state.interrupted) state.withdrawn.unshift(turn);
  else state.queue.unshift(turn);
  settle(state);
}

/** `open`: a new timeline is due. */
async function landed({ checkTurn }: Work, state: SessionState, flight: Flight): Promise<RunState> {
  const firstMs = state.pace?.check_ms ?? checkMs;
  for (let waitedMs = 0; ;) {
    const waitMs = Math.min(Math.max(firstMs, waitedMs / 4), longestCheckMs);
    const heard = () => flight.ended === true || state.interrupted === true || isLong(state);
    const isHeard = await condition(heard, waitMs);
    if (flight.ended) return 'ended';
    if (isHeard && !state.interrupted) return 'open';
    if (!state.interrupted || !(await cancel(flight))) {
      const run = await orLeave(checkTurn(flight.turn.run_id), 'open' as const);
      if (run !== 'open') return run;
    }
    state.interrupted = undefined;
    waitedMs += waitMs;
  }
}

/** False: there is nothing to cancel, no more or not yet. */
async function cancel({ turn }: Flight): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(turn.run_id).cancel();
    return true;
  } catch {
    return false;
  }
}
