// Gives a session a message; the session itself says which turn it is.
import { setTimeout as sleep } from 'node:timers/promises';
import { sessionWorkflow, turn, type TurnAccepted, type TurnRequest } from '../../workflows/session/messages.ts';
import { grpc, grpcCode } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { notConfirmed, updateSession } from '../sessions/update.ts';
import { createLanes, type Lanes } from './lanes.ts';

/** Undefined: there is no such session. Throws ApiError: 409 when the session refuses, 503 without a worker. */
export function sendTurn(deps: Core, session_id: string, request: TurnRequest): Promise<TurnAccepted | undefined> {
  // Sent again under the same id it is the same turn; with a key's other request the session has to see it.
  const updateId = [request.run_id, request.request].join(':');
  const sending = () =>
    updateSession(deps, session_id, (session) =>
      session.executeUpdate(turn, { args: [request], updateId }).catch(orBusy),
    );
  return deps.updates.take(sessionWorkflow(session_id, deps.owner()), () => untilTaken(sending));
}

/** Temporal lets so many Updates of one workflow be under way at once (history.maxInFlightUpdates): ten, over all processes. */
const updatesAtOnce = 8;
/** Who waits longer for those before it is told so. */
const longestWaitMs = 10_000;

export const createUpdates = (): Lanes => createLanes(updatesAtOnce, { ms: longestWaitMs, late: crowded });

const crowded = (): ApiError =>
  new ApiError(
    503,
    'session_crowded',
    'The session is being given so many messages that this one had no turn. It was not taken: send it again.',
    { headers: { 'Retry-After': '5' } },
  );

/** Temporal that says busy is there: it is asked for longer. */
const longestBusyMs = 10_000;

type Busy = 'busy';

function orBusy(error: unknown): Busy {
  if (grpcCode(error) === grpc.resourceExhausted) return 'busy';
  throw error;
}

async function untilTaken<T>(sending: () => Promise<T | Busy>): Promise<T> {
  const end = Date.now() + longestBusyMs;
  for (;;) {
    const sent = await sending();
    if (sent !== 'busy') return sent;
    if (Date.now() > end) throw notConfirmed(undefined);
    await sleep(20 + Math.random() * 60);
  }
}
