// How often something may be done: so many times within any stretch of time, counted apart for everyone who does it.
import { LRUCache } from 'lru-cache';

export interface Rate {
  take(who: string): Take;
}

export type Take =
  /** `giveBack`: it did not count after all. */
  | { kind: 'taken'; giveBack(): void }
  /** `againAfterMs`: when there is room again. */
  | { kind: 'refused'; againAfterMs: number };

/** More are not told apart: whoever has not tried for longest is forgotten. */
const mostKnown = 10_000;

export function createRate(times: number, withinMs: number, clock: () => number = Date.now): Rate {
  // The times of what counted, oldest first.
  const done = new LRUCache<string, number[]>({ max: mostKnown });
  return {
    take(who) {
      const now = clock();
      const recent = (done.get(who) ?? []).filter((at) => at > now - withinMs);
      const [oldest] = recent;
      if (oldest !== undefined && recent.length >= times)
        return { kind: 'refused', againAfterMs: oldest + withinMs - now };
      recent.push(now);
      done.set(who, recent);
      return {
        kind: 'taken',
        giveBack() {
          const counted = done.get(who) ?? [];
          const index = counted.indexOf(now);
          if (index >= 0) counted.splice(index, 1);
        },
      };
    },
  };
}
