// Holds out while a timeline is followed: polls that time out, a server that is too busy or away for a while.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  firstToken,
  isGone,
  isRefused,
  isTooBusy,
  type History,
  type HistoryEvent,
  type Page,
  type Token,
} from './history.ts';

const busyMs = 2_000;
const firstRetryMs = 100;
const longestRetryMs = 2_000;

export interface Polling {
  fetch: (timeline: string, token: Token | undefined) => Promise<Page>;
  /** Waits for the event that ends this timeline. */
  closing: (timeline: string) => Promise<HistoryEvent>;
  persist: <T>(call: () => Promise<T>) => Promise<T>;
  /** From now on faults are waited out, except that the run is gone; before, they are thrown to who asked first. */
  holdOut(): void;
}

export function createPolling(history: History, run: string, signal: AbortSignal): Polling {
  let holdsOut = false;
  let retryMs = firstRetryMs;
  let last = { timeline: '', event: 0 };

  const endure = async (error: unknown): Promise<void> => {
    if (!holdsOut || signal.aborted || isGone(error)) throw error;
    await sleep(retryMs, undefined, { signal, ref: false });
    retryMs = Math.min(retryMs * 2, longestRetryMs);
  };

  const remember = (timeline: string, events: HistoryEvent[]) => {
    const event = Number(events.findLast(isKept)?.eventId ?? 0);
    if (last.timeline !== timeline) last = { timeline, event: 0 };
    last.event = Math.max(last.event, event);
    retryMs = firstRetryMs;
  };

  /** Long polls are limited in number: without one, the newest events are asked for every 2 s. */
  const glance = async (timeline: string, token: Token | undefined): Promise<Page> => {
    await sleep(busyMs, undefined, { signal, ref: false });
    const after = last.timeline === timeline ? last.event : 0;
    return { events: await history.since(run, timeline, after), next: token ?? firstToken };
  };

  const poll = async (timeline: string, token: Token | undefined): Promise<Page> => {
    try {
      return await history.nextPage(run, timeline, token, signal);
    } catch (error) {
      if (isTooBusy(error)) return await glance(timeline, token);
      // What was read before is recognised when it comes again.
      if (isRefused(error) && token) return { events: [], next: firstToken };
      throw error;
    }
  };

  const closing = async (timeline: string): Promise<HistoryEvent | undefined> => {
    try {
      return await history.closing(run, timeline, true, signal);
    } catch (error) {
      if (!isTooBusy(error)) throw error;
      await sleep(busyMs, undefined, { signal, ref: false });
      return await history.closing(run, timeline, false, signal);
    }
  };

  const persist = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        await endure(error);
      }
    }
  };

  return {
    async fetch(timeline, token) {
      const page = await persist(() => poll(timeline, token));
      remember(timeline, page.events);
      return page;
    },
    async closing(timeline) {
      for (;;) {
        const event = await persist(() => closing(timeline));
        retryMs = firstRetryMs;
        if (event) return event;
      }
    },
    persist,
    holdOut() {
      holdsOut = true;
    },
  };
}

/** The server may hand out transient workflow task events and give their ids to others later. */
function isKept(event: HistoryEvent): boolean {
  return !event.workflowTaskScheduledEventAttributes && !event.workflowTaskStartedEventAttributes;
}
