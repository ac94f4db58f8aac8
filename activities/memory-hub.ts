// The hub for one process: API and worker share its memory.
import type { AttemptKey, Hub, HubEvent, InFlight } from './hub.ts';

/** An attempt's text that nobody forgot goes this long after the attempt's end. */
const keptMs = 60_000;
/** All text in flight together, in UTF-16 code units. Beyond it the oldest goes: its step is shown whole at its end. */
const mostChars = 32 * 1024 * 1024;

interface Held {
  shown: InFlight;
  closing?: NodeJS.Timeout;
}

export function createMemoryHub(limits: { keptMs: number; mostChars: number } = { keptMs, mostChars }): Hub {
  /** Run → step → newest attempt, oldest first. */
  const runs = new Map<string, Map<string, Held>>();
  const listeners = createBoard<(event: HubEvent) => void>();
  const hints = createBoard<() => void>();
  let chars = 0;

  const drop = (run: string, step: string): void => {
    const steps = runs.get(run);
    const held = steps?.get(step);
    if (!steps || !held) return;
    clearTimeout(held.closing);
    chars -= held.shown.text.length;
    steps.delete(step);
    if (steps.size === 0) runs.delete(run);
  };

  const open = (event: Extract<HubEvent, { kind: 'opened' }>): void => {
    const { run, timeline, step, round, attempt, offset, text } = event;
    drop(run, step);
    const steps = runs.get(run) ?? new Map<string, Held>();
    runs.set(run, steps.set(step, { shown: { run, timeline, step, round, attempt, base: offset, text } }));
    chars += text.length;
  };

  const makeRoom = (): void => {
    for (const [run, steps] of runs) {
      for (const step of steps.keys()) {
        if (chars <= limits.mostChars) return;
        drop(run, step);
      }
    }
  };

  /** False: the event is of an attempt that a newer one has replaced, or of text that was let go. */
  const keep = (event: HubEvent): boolean => {
    const held = runs.get(event.run)?.get(event.step);
    if (event.kind === 'opened') {
      if (held && isOlder(event, held.shown)) return false;
      open(event);
      makeRoom();
      return true;
    }
    if (!held || !isSame(event, held.shown)) return false;
    if (event.kind === 'delta') {
      held.shown.text += event.text;
      chars += event.text.length;
      makeRoom();
    } else {
      held.closing = setTimeout(() => drop(event.run, event.step), limits.keptMs).unref();
    }
    return true;
  };

  return {
    publish: (event) => {
      if (keep(event)) for (const listener of listeners.of(event.run)) listener(event);
    },
    subscribe: (run, listener) => listeners.add(run, listener),
    inFlight: (run) => [...(runs.get(run)?.values() ?? [])].map(({ shown }) => ({ ...shown })),
    forget: drop,
    hintAbort: (run) => {
      for (const listener of hints.of(run)) listener();
    },
    onAbortHint: (run, listener) => hints.add(run, listener),
  };
}

const isSame = (a: AttemptKey, b: AttemptKey): boolean =>
  a.timeline === b.timeline && a.round === b.round && a.attempt === b.attempt;

/** Timelines have no order that could be told from here: whoever opens in another one is the newer. */
const isOlder = (a: AttemptKey, b: AttemptKey): boolean =>
  a.timeline === b.timeline && (a.round < b.round || (a.round === b.round && a.attempt < b.attempt));

interface Board<T> {
  add(run: string, listener: T): () => void;
  /** A copy: listeners may leave while they are told. */
  of(run: string): T[];
}

function createBoard<T>(): Board<T> {
  const board = new Map<string, Set<T>>();
  return {
    add(run, listener) {
      const set = board.get(run) ?? new Set();
      board.set(run, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && board.get(run) === set) board.delete(run);
      };
    },
    of: (run) => [...(board.get(run) ?? [])],
  };
}
