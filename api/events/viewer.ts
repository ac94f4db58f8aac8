// One viewer of a run's stream: pulls frames from where it stands, at its own pace, and is cut off when it takes none.
import { CutOff } from './errors.ts';
import { isTerminal, type Frame } from './event.ts';
import type { Cursor } from './merge.ts';
import type { Subscription } from './streams.ts';
import type { Tail } from './tail.ts';

export interface ViewerOptions {
  tail: Tail;
  from: Cursor;
  leave: () => void;
  /** A frame that was handed over and not followed by a request for the next one for so long, in ms, cuts the viewer. */
  stallMs: number;
}

export function openViewer({ tail, from, leave, stallMs }: ViewerOptions): Subscription {
  const cut = new AbortController();
  let open = true;
  let timer: NodeJS.Timeout | undefined;

  const close = () => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    leave();
    tail.wake();
  };
  const cutOff = () => {
    cut.abort(new CutOff('This viewer took no event for too long. It may come back with its last event id.'));
    close();
  };
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(cutOff, stallMs);
    timer.unref();
  };

  async function* frames(): AsyncGenerator<Frame> {
    let cursor = from;
    // It reads: from here on only a frame that it keeps can make it slow.
    clearTimeout(timer);
    try {
      for (;;) {
        if (!open) break;
        const move = tail.merge.next(cursor);
        if (move) {
          cursor = move.cursor;
          watch();
          yield move.frame;
          clearTimeout(timer);
          if (isTerminal(move.frame.type)) return;
          continue;
        }
        const state = tail.state();
        if (state.kind === 'failed') throw state.error;
        if (state.kind === 'ended') return;
        await tail.heard();
      }
      cut.signal.throwIfAborted();
    } finally {
      close();
    }
  }

  // A viewer that never begins to read is cut off too.
  watch();
  return { cut: cut.signal, close, [Symbol.asyncIterator]: frames };
}
