// Takes turns: each once, in the order in which they come; and which are refused.
import { ApplicationFailure } from '@temporalio/workflow';
import type { Turn } from '../../activities/session/turn.ts';
import type { TurnAccepted, TurnRequest } from './messages.ts';
import { isBusy, type SessionState } from './state.ts';

/** Turns that may wait, and how much they may say together: a new timeline begins with all of it. */
const mostWaiting = 1000;
const mostWaitingChars = 8 * 1024 * 1024;

export const refusal = (type: string, message: string) => ApplicationFailure.nonRetryable(message, type);

export function refuse(state: SessionState, asked: TurnRequest): void {
  const { policy, request, message, run_id, after } = asked;
  const known = knownTurn(state, asked);
  if (known && known.request === request) return;
  if (known)
    throw refusal('TurnTaken', `Turn '${run_id}' was taken with another request. Use a new key for a new request.`);
  if (after !== undefined && after !== newestOf(state))
    throw refusal('NotNewest', `Run '${after}' is no longer the newest of the session.`);
  if (policy === 'reject' && isBusy(state))
    throw refusal(
      'SessionBusy',
      'The session is answering another message. Wait for its end, or send with double_texting queue or interrupt.',
    );
  const waiting = [...state.queue, ...state.withdrawn];
  const chars = waiting.reduce((sum, turn) => sum + turn.message.length, message.length);
  if (waiting.length >= mostWaiting || (waiting.length > 0 && chars > mostWaitingChars))
    throw refusal('SessionFull', `${waiting.length} messages of the session wait already. Send this one later.`);
}

export function take(state: SessionState, asked: TurnRequest): TurnAccepted {
  const { policy, again: _again, after: _after, ...turn } = asked;
  const known = knownTurn(state, asked);
  if (known) return { run_id: known.run_id, position: known.position };
  const { run_id } = turn;
  const position = ++state.turns;
  if (policy === 'interrupt') {
    state.withdrawn.push(...state.queue.splice(0));
    if (state.flight) state.interrupted = true;
  }
  state.queue.push({ ...turn, position });
  return { run_id, position };
}

/** Whose conversation the next turn goes on with. */
const newestOf = ({ promoted, withdrawn, queue, flight, head }: SessionState): string | undefined =>
  [...withdrawn, ...queue].at(-1)?.run_id ?? promoted?.run_id ?? flight?.turn.run_id ?? head ?? undefined;

/** Temporal knows an Update that is sent again only within a timeline, and the first turn came by no Update. */
function knownTurn(
  { flight, queue, withdrawn }: SessionState,
  { run_id, request, again }: Pick<TurnRequest, 'run_id' | 'request' | 'again'>,
): Turn | undefined {
  const open = [...(flight ? [flight.turn] : []), ...queue, ...withdrawn];
  return open.find((turn) => turn.run_id === run_id || (again === true && turn.request === request));
}
