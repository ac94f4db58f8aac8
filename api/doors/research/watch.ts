// Watches the task of a run for all who follow it: read anew whenever something may have changed, once for all of them.
import { withDeadline } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { type Bell, createBell } from '../../events/bell.ts';
import type { Frame } from '../../events/event.ts';
import { nap } from '../../nap.ts';
import { requireRun } from '../../runs/describe.ts';
import { type Activities, type Activity, isOver } from './activity.ts';

/** One viewer's. */
export interface Watch {
  now(): Activity;
  /** Settles when it is read the next time, which may be soon, changed or not. */
  heard(): Promise<void>;
  /** Exactly once. */
  leave(): void;
}

export interface Watches {
  /** Throws ApiError 404 for what is no run, 503 when Temporal does not answer. */
  join(id: string): Promise<Watch>;
  count(): number;
}

interface Shared {
  opening: Promise<Watched>;
  viewers: number;
  left: AbortController;
}

interface Watched {
  activity: Activity;
  bell: Bell;
}

/** No event tells when a run gets its first slot: until then it is asked so often, in ms; after that only in case of an outage. */
const queuedMs = 250;
const startedMs = 1000;

export function createWatches(deps: Core, activities: Activities): Watches {
  const shared = new Map<string, Shared>();

  const open = (id: string): Shared => {
    const left = new AbortController();
    const opening = activities.read(id).then((activity) => {
      const watched = { activity, bell: createBell() };
      void keep(deps, activities, watched, left);
      return watched;
    });
    const one = { opening, viewers: 0, left };
    shared.set(id, one);
    return one;
  };

  const leave = (id: string, one: Shared) => {
    if (--one.viewers > 0) return;
    one.left.abort();
    if (shared.get(id) === one) shared.delete(id);
  };

  return {
    async join(id) {
      // It may be watched already by somebody who may know of more.
      await withDeadline(deps, () => requireRun(deps, id));
      const one = shared.get(id) ?? open(id);
      one.viewers++;
      try {
        const watched = await one.opening;
        return {
          now: () => watched.activity,
          heard: () => watched.bell.heard(),
          leave: () => leave(id, one),
        };
      } catch (error) {
        leave(id, one);
        throw error;
      }
    },
    count: () => shared.size,
  };
}

/** Until all have left, or the task is over. */
async function keep(deps: Core, activities: Activities, watched: Watched, left: AbortController): Promise<void> {
  const { signal } = left;
  const { agent_id } = watched.activity;
  const news = createBell();
  void follow(deps, agent_id, signal, (frame) => {
    if (isNews(watched.activity, frame)) news.ring();
  });
  while (!signal.aborted && !isOver(watched.activity)) {
    // Heard from before it is read: for what comes in between it is read once more.
    const next = news.heard();
    try {
      watched.activity = await activities.read(agent_id);
      watched.bell.ring();
    } catch (error) {
      deps.log.warn({ err: error, run_id: agent_id }, 'A task that is watched cannot be read; it is tried again.');
    }
    const ms = watched.activity.status === 'QUEUED' ? queuedMs : startedMs;
    if (!isOver(watched.activity)) await Promise.race([next, nap(ms, signal)]);
  }
  left.abort();
}

/** Until the run's end, or `signal`. Never rejects. */
async function follow(deps: Core, id: string, signal: AbortSignal, heard: (frame: Frame) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const subscription = await deps.streams.subscribe(id);
      const leave = () => subscription.close();
      signal.addEventListener('abort', leave);
      if (signal.aborted) leave();
      for await (const frame of subscription) heard(frame);
      signal.removeEventListener('abort', leave);
      return;
    } catch {
      // It is asked every second beside this.
      await nap(startedMs, signal);
    }
  }
}

/** Tokens are none, but the first ones tell that a run is queued no longer. */
const isNews = ({ status }: Activity, { type }: Frame): boolean =>
  status === 'QUEUED' || (type !== 'content_delta' && type !== 'content_reset');
