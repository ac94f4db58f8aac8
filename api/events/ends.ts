// Waits for the ends of runs that nobody watches: one long poll per run and process, however many wait, which Temporal
// answers only at the end; the history is read once, then.
import { decode } from './decode/decode.ts';
import type { Ended, Happening } from './happening.ts';
import type { History, Latest } from './history.ts';
import { knowing } from './known.ts';
import type { Open } from './payload.ts';
import { createPolling, type Polling } from './polling.ts';
import type { RunRecord } from './record.ts';

export interface EndsOptions {
  history: History;
  /** Reads a run's record from `history`, as far as it goes. */
  read: (history: History, run: string) => Promise<RunRecord>;
}

export interface Ends {
  /** The record of the run with its end; undefined when `signal` or `close` was first. */
  wait(run: string, signal: AbortSignal): Promise<RunRecord | undefined>;
  close(): void;
}

interface Shared {
  ended: Promise<RunRecord | undefined>;
  left: AbortController;
  waiting: number;
}

export function createEnds(options: EndsOptions): Ends {
  const shared = new Map<string, Shared>();

  const open = (run: string): Shared => {
    const left = new AbortController();
    const over = () => {
      if (shared.get(run) === one) shared.delete(run);
    };
    const ended = endOf(options, run, left.signal).finally(over);
    const one = { ended, left, waiting: 0 };
    ended.catch(() => {});
    shared.set(run, one);
    return one;
  };

  return {
    async wait(run, signal) {
      if (signal.aborted) return undefined;
      const one = shared.get(run) ?? open(run);
      const gone = Promise.withResolvers<undefined>();
      const go = () => gone.resolve(undefined);
      one.waiting++;
      signal.addEventListener('abort', go);
      try {
        return await Promise.race([one.ended, gone.promise]);
      } finally {
        signal.removeEventListener('abort', go);
        if (--one.waiting === 0) {
          one.left.abort();
          if (shared.get(run) === one) shared.delete(run);
        }
      }
    },
    close() {
      for (const { left } of shared.values()) left.abort();
    },
  };
}

async function endOf(options: EndsOptions, run: string, signal: AbortSignal): Promise<RunRecord | undefined> {
  const { history } = options;
  const polling = createPolling(history, run, signal);
  const first = await history.latest(run);
  polling.holdOut();
  try {
    let latest = first;
    for (;;) {
      latest = await lastOf(polling, latest);
      const record = await polling.persist(() => options.read(knowing(history, latest), run));
      if (record.story().end) return record;
      const now = await polling.persist(() => history.latest(run));
      // Neither ended nor gone on: there is nothing to wait for.
      if (!now.open && now.timeline === latest.timeline) return undefined;
      latest = now;
    }
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Waits for the end of the last of the timelines that follow each other from this one on. */
async function lastOf(polling: Polling, from: Latest): Promise<Latest> {
  for (let latest = from; ;) {
    if (!latest.open) return latest;
    const event = await polling.closing(latest.timeline);
    const ended = (await decode([event], unopened)).find(isEnd);
    // A reset terminates a timeline too: only reading on tells whether that was the end.
    const terminated = ended?.how === 'failed' && ended.error.type === 'terminated';
    if (!ended?.next) return { ...latest, length: Number(event.eventId), open: terminated };
    latest = { timeline: ended.next, length: 0, open: true, first: false };
  }
}

/** Results and errors are opened when the history is read. */
const unopened: Open = () => Promise.resolve(undefined);

const isEnd = (happening: Happening): happening is Happening & Ended => happening.kind === 'ended';
