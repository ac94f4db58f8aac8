// Waits for the runs of queued turns to begin. Of a session's turns only the next one is looked for, however many wait.
import { setTimeout as sleep } from 'node:timers/promises';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { describe } from '../runs/describe.ts';
import { sessionWorkflow } from '../../workflows/session/messages.ts';
import { readSession } from '../sessions/read.ts';

interface Awaited {
  run_id: string;
  position: number;
  arrived: PromiseWithResolvers<void>;
}

export interface Arrivals {
  /** Throws ApiError when it never will: the session was deleted, or there is no such agent any more. */
  wait(session_id: string, turn: { run_id: string; position: number }, left: AbortSignal): Promise<void>;
}

const firstMs = 10;
const longestMs = 250;
/** The session itself is asked when its next run does not come for so long. */
const doubtMs = 1000;

export function createArrivals(deps: Core): Arrivals {
  /** By the session's Workflow Id: who asks for a turn of it is who owns it. */
  const sessions = new Map<string, Awaited[]>();

  const follow = async (session: string, session_id: string, waiting: Awaited[]): Promise<void> => {
    for (let next = waiting[0]; next; next = waiting[0]) {
      const found = await settled(deps, session_id, next, () => waiting[0] === next);
      if (found === 'left' || waiting[0] !== next) continue;
      waiting.shift();
      if (found === 'here') next.arrived.resolve();
      else next.arrived.reject(found);
    }
    sessions.delete(session);
  };

  return {
    async wait(session_id, turn, left) {
      if (left.aborted) return;
      const mine: Awaited = { ...turn, arrived: Promise.withResolvers<void>() };
      const session = sessionWorkflow(session_id, deps.owner());
      const waiting = sessions.get(session) ?? [];
      const at = waiting.findIndex(({ position }) => position > turn.position);
      waiting.splice(at === -1 ? waiting.length : at, 0, mine);
      if (!sessions.has(session)) {
        sessions.set(session, waiting);
        void follow(session, session_id, waiting);
      }
      const leave = () => {
        const index = waiting.indexOf(mine);
        if (index !== -1) waiting.splice(index, 1);
        mine.arrived.resolve();
      };
      left.addEventListener('abort', leave, { once: true });
      try {
        await mine.arrived.promise;
      } finally {
        left.removeEventListener('abort', leave);
      }
    },
  };
}

/** Looks often at first, then four times a second. */
async function settled(
  deps: Core,
  session_id: string,
  turn: Awaited,
  wanted: () => boolean,
): Promise<'here' | 'left' | ApiError> {
  let doubtedAt = Date.now();
  for (let ms = firstMs; wanted(); ms = Math.min(1.5 * ms, longestMs)) {
    try {
      if (await exists(deps, turn.run_id)) return 'here';
      if (Date.now() - doubtedAt > doubtMs) {
        doubtedAt = Date.now();
        const why = await doubt(deps, session_id, turn);
        if (why) return why;
      }
    } catch (error) {
      deps.log.warn({ err: error }, 'a turn cannot be looked for now; it is looked for again');
      ms = longestMs;
    }
    await sleep(ms);
  }
  return 'left';
}

const exists = async (deps: Core, run_id: string): Promise<boolean> =>
  (await withDeadline(deps, () => describe(deps, run_id))) !== undefined;

async function doubt(deps: Core, session_id: string, { run_id, position }: Awaited): Promise<ApiError | undefined> {
  const session = await readSession(deps, session_id, deps.owner());
  if (!session)
    return new ApiError(409, 'session_deleted', `Session '${session_id}' was deleted before this turn began.`);
  const isDue = session.begun < position || session.in_flight === run_id;
  if (isDue || (await exists(deps, run_id))) return undefined;
  const why = `The turn has no run: its agent was deleted or disabled before it began, or it could not be begun.`;
  return new ApiError(409, 'turn_refused', `Session '${session_id}': ${why}`);
}
