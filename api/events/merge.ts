// Merges a run's durable events with its tokens in flight: from where a viewer stands, what it is sent next.
import { isTerminal, type Frame, type StreamEvent } from './event.ts';
import { eventIds, expired, timelineEnd, type Shown } from './id.ts';
import type { Entry, RunRecord } from './record.ts';
import { heard, speak, stored, type Saying } from './speak.ts';
import type { Spoken } from './spoken.ts';

/**
 * Where a viewer stands. Viewers at the same place share the object, and so the frames that follow it: nothing is
 * queued for anyone, and a slow viewer gets fewer and longer deltas.
 */
export interface Cursor {
  /** Index of the newest durable entry that was sent; -1 before the first. */
  readonly index: number;
  readonly shown: readonly Shown[];
}

export interface Move {
  frame: Frame;
  cursor: Cursor;
}

export interface Merge {
  readonly beginning: Cursor;
  /** The place right after the event `id`. Throws StreamIdError. */
  resume(id: string): Cursor;
  /** Undefined when there is nothing more now. */
  next(cursor: Cursor): Move | undefined;
  /** To be called when the record or what is spoken has changed. */
  changed(): void;
}

export function createMerge(record: RunRecord, spoken: Spoken | undefined, now: () => number = Date.now): Merge {
  const ids = eventIds(record.run);
  const beginning: Cursor = { index: -1, shown: [] };
  const moves = new WeakMap<Cursor, { move: Move | undefined; version: number }>();
  /** Places at the head of the stream, so that viewers who come there on different ways meet. */
  const heads = new Map<string, Cursor>();
  let version = 0;
  const settled = Infinity;

  const move = (event: StreamEvent, timestamp: string, index: number, shown: readonly Shown[]): Move => {
    const entry = record.entries[index]!;
    const id = ids.write({ ...entry, timelineEnd: timelineEnd(entry.timeline), shown });
    const cursor = heads.get(id) ?? { index, shown };
    if (index === record.entries.length - 1) heads.set(id, cursor);
    return { frame: { id, timestamp, ...event }, cursor };
  };

  const say = (saying: Saying, cursor: Cursor, timestamp: string): Move | undefined => {
    const said = speak(saying, cursor.shown);
    return said && move(said.event, timestamp, cursor.index, said.shown);
  };

  const fromRecord = (cursor: Cursor, entry: Entry, index: number): Move => {
    const { words, event, settles } = entry.told;
    const saying = words && stored(entry, words, record);
    const said = saying && say(saying, cursor, entry.at);
    if (said) return said;
    const over = isTerminal(event.type) || event.type === 'run_rewound';
    const shown = over ? [] : cursor.shown.filter(({ step }) => step !== settles);
    return move(event, entry.at, index, shown);
  };

  const fromHub = (cursor: Cursor): Move | undefined => {
    for (const { step, round } of spoken && cursor.index >= 0 ? record.inFlight() : []) {
      const speech = spoken?.of(record.timeline(), step);
      if (speech?.round !== round) continue;
      const said = say(heard(speech, record), cursor, new Date(now()).toISOString());
      if (said) return said;
    }
    return undefined;
  };

  return {
    beginning,
    resume(id) {
      const { timelineEnd: end, event, index, shown } = ids.read(id);
      const timeline = record.timelines.find((known) => timelineEnd(known.timeline) === end)?.timeline;
      const found = timeline === undefined ? undefined : record.find({ timeline, event, index });
      if (found === undefined) throw expired();
      return { index: found, shown };
    },
    next(cursor) {
      const known = moves.get(cursor);
      if (known && known.version >= version) return known.move;
      let index = cursor.index + 1;
      while (record.entries[index]?.hidden) index++;
      const entry = record.entries[index];
      const found = entry ? fromRecord(cursor, entry, index) : fromHub(cursor);
      moves.set(cursor, { move: found, version: entry ? settled : version });
      return found;
    },
    changed() {
      version++;
      heads.clear();
    },
  };
}
