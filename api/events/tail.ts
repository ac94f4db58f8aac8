// The tail of one run: the only reader of its history in this process while anyone watches, for all of them.
import type { Hub } from '../../activities/hub.ts';
import { createBell } from './bell.ts';
import { RunNotFound } from './errors.ts';
import type { Happening } from './happening.ts';
import { isGone, isRefused, type History } from './history.ts';
import { justBegun, knowing } from './known.ts';
import { createMerge, type Merge } from './merge.ts';
import type { Open } from './payload.ts';
import { createPolling } from './polling.ts';
import { readLine } from './reading.ts';
import { createRecord, type RunRecord } from './record.ts';
import { listen, type Spoken } from './spoken.ts';
import type { Words } from './story.ts';
import type { ToolReader } from './toolcall.ts';

export interface TailOptions {
  history: History;
  run: string;
  /** Its timeline, when it has just begun. */
  begun?: string;
  open: Open;
  hub: Hub | undefined;
  readTool: ToolReader | undefined;
}

export type TailState = { kind: 'follows' } | { kind: 'ended' } | { kind: 'failed'; error: unknown };

export interface Tail {
  readonly record: RunRecord;
  readonly merge: Merge;
  /** Settles once all that the run had when the tail began is read; rejects with what prevented it. */
  readonly ready: Promise<void>;
  state(): TailState;
  /** Settles at the next change: something to send, the end, a fault. */
  heard(): Promise<void>;
  /** Wakes who waits for the next change, to look at something else. */
  wake(): void;
  /** Whether it has read the first `length` events of this timeline, or one that came after it. */
  reached(timeline: string, length: number): boolean;
  close(): void;
}

export function openTail({ history, run, begun, open, hub, readTool }: TailOptions): Tail {
  const bell = createBell();
  const ready = Promise.withResolvers<void>();
  const closed = new AbortController();
  const polling = createPolling(history, run, closed.signal);
  const record = createRecord(run, readTool);
  let state: TailState = { kind: 'follows' };
  let far = { timeline: '', event: 0 };

  const changed = () => {
    merge.changed();
    bell.ring();
  };
  const spoken = hub && listen(hub, run, changed);
  const merge = createMerge(record, spoken);

  const take = (happenings: Happening[]) => {
    const known = record.entries.length;
    record.take(happenings, (timeline, words) => agreement(spoken, timeline, words));
    for (const { timeline, told } of record.entries.slice(known))
      if (told.settles) spoken?.settle(timeline, told.settles);
  };

  const follow = async (): Promise<TailState> => {
    try {
      await readLine({
        history: begun === undefined ? history : knowing(history, justBegun(begun)),
        run,
        open,
        record,
        take,
        fetch: polling.fetch,
        persist: polling.persist,
        progress({ timeline, event, caughtUp }) {
          far = { timeline, event };
          changed();
          if (!caughtUp) return;
          polling.holdOut();
          ready.resolve();
        },
      });
      return { kind: 'ended' };
    } catch (error) {
      if (closed.signal.aborted) return { kind: 'ended' };
      return { kind: 'failed', error: isGone(error) || isRefused(error) ? new RunNotFound(run) : error };
    }
  };

  ready.promise.catch(() => {});
  const begin = async () => {
    state = await follow();
    spoken?.close();
    if (state.kind === 'failed') ready.reject(state.error);
    else ready.resolve();
    changed();
  };
  void begin();

  return {
    record,
    merge,
    ready: ready.promise,
    state: () => state,
    heard: () => bell.heard(),
    wake: () => bell.ring(),
    reached: (timeline, length) => state.kind === 'ended' || (far.timeline === timeline && far.event >= length),
    close() {
      closed.abort();
      spoken?.close();
    },
  };
}

/** How many characters of a stored text the viewers of its attempt can have been shown as they are. */
function agreement(spoken: Spoken | undefined, timeline: string, { step, round, attempt, text }: Words): number {
  const speech = spoken?.of(timeline, step);
  if (speech?.round !== round || speech.attempt !== attempt) return text.length;
  const said = speech.text.from(0);
  if (text.startsWith(said)) return text.length;
  let same = 0;
  while (same < said.length && said[same] === text[same]) same++;
  return same;
}
