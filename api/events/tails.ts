// Shares the tails: one per run and process, which ends 5 s after its last viewer.
import { openTail, type Tail, type TailOptions } from './tail.ts';

export interface Tails {
  /** The run's tail, opened if there is none. `leave` exactly once. `begun`: its timeline, when it has just begun. */
  join(run: string, begun?: string): { tail: Tail; leave: () => void };
  peek(run: string): Tail | undefined;
  count(): number;
  close(): void;
}

interface Shared {
  tail: Tail;
  viewers: number;
  timer: NodeJS.Timeout | undefined;
}

export function createTails(options: Omit<TailOptions, 'run' | 'begun'>, lingerMs: number): Tails {
  const shared = new Map<string, Shared>();

  const end = (run: string, one: Shared) => {
    clearTimeout(one.timer);
    one.tail.close();
    if (shared.get(run) === one) shared.delete(run);
  };

  const left = (run: string, one: Shared) => {
    if (--one.viewers > 0) return;
    // An ended run is read anew the next time: someone may have reset it.
    if (one.tail.state().kind !== 'follows') return end(run, one);
    one.timer = setTimeout(() => end(run, one), lingerMs);
    one.timer.unref();
  };

  return {
    join(run, begun) {
      let one = shared.get(run);
      if (!one || one.tail.state().kind === 'failed') {
        one = { tail: openTail({ ...options, run, begun }), viewers: 0, timer: undefined };
        shared.set(run, one);
      }
      clearTimeout(one.timer);
      one.viewers++;
      const joined = one;
      let inside = true;
      const leave = () => {
        if (!inside) return;
        inside = false;
        left(run, joined);
      };
      return { tail: joined.tail, leave };
    },
    peek: (run) => shared.get(run)?.tail,
    count: () => shared.size,
    close() {
      for (const [run, one] of shared) end(run, one);
    },
  };
}
