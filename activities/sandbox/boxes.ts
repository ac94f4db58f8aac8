// Who may have a box and when: a few at once, and one that waits with pandas loaded while programs are being run.
import type { Box } from './box.ts';

export interface Boxes {
  /** Waits for its turn; `use` gets a box of its own, which is gone afterwards. */
  with<T>(load: 'pandas' | 'bare', signal: AbortSignal, use: (box: Box) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A box that nobody wanted for so long ends: it holds 80 MB. */
const idleMs = 5 * 60_000;

export function createBoxes(open: (load: 'pandas' | 'bare') => Promise<Box>, atOnce: number, warm: number): Boxes {
  const turn = createTurns(atOnce);
  /** All that there are, being made, waiting, in use or given up. */
  const all = new Set<Promise<Box>>();
  const make = (load: 'pandas' | 'bare') => {
    const making = open(load);
    all.add(making);
    making
      .then(({ closed }) => closed)
      .catch(() => undefined)
      .finally(() => all.delete(making));
    return making;
  };
  const store = createStore(() => make('pandas'), warm);
  return {
    async with(load, signal, use) {
      const leave = await turn(signal);
      try {
        const box = await unlessAborted(load === 'pandas' ? store.take() : make(load), signal);
        if (load === 'pandas') store.fill();
        try {
          return await use(box);
        } finally {
          await end(box);
        }
      } finally {
        leave();
      }
    },
    async close() {
      store.close();
      await Promise.allSettled([...all].map(async (making) => end(await making)));
    },
  };
}

function end(box: Box): Promise<unknown> {
  box.kill();
  return box.closed;
}

/** In the order in which they came. */
function createTurns(atOnce: number): (signal: AbortSignal) => Promise<() => void> {
  let free = atOnce;
  const waiting = new Set<() => void>();
  const leave = () => {
    const [next] = waiting;
    if (next) next();
    else free++;
  };
  return (signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = () => {
        waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        waiting.delete(enter);
        signal.removeEventListener('abort', abort);
        resolve(leave);
      };
      if (free > 0) {
        free--;
        return enter();
      }
      waiting.add(enter);
      signal.addEventListener('abort', abort);
    });
}

/** A box that comes too late for its program is given up. */
function unlessAborted(making: Promise<Box>, signal: AbortSignal): Promise<Box> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason);
      making.then(
        (box) => box.kill(),
        () => undefined,
      );
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    making.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Boxes that wait, or are being made ready to. */
function createStore(open: () => Promise<Box>, most: number) {
  const made: Promise<Box>[] = [];
  let closed = false;
  let idle: NodeJS.Timeout | undefined;

  const empty = () => {
    // One that could not be made is told of elsewhere.
    for (const making of made.splice(0)) making.then(end).catch(() => undefined);
  };
  return {
    async take(): Promise<Box> {
      for (let next = made.shift(); next !== undefined; next = made.shift()) {
        // One that could not be made says why to nobody: a new one will.
        const box = await next.catch(() => undefined);
        if (box?.isOpen()) return box;
      }
      return open();
    },
    fill(): void {
      clearTimeout(idle);
      if (closed) return;
      idle = setTimeout(empty, idleMs).unref();
      while (made.length < most) made.push(open());
    },
    close(): void {
      closed = true;
      clearTimeout(idle);
      made.length = 0;
    },
  };
}
