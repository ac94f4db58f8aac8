// Lets few things at once be under way for one key; the others wait in their order, and not for ever.

export interface Lanes {
  /** Waits for its turn, then does it. Throws what `late` says when that does not come in time: nothing was done then. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export interface Patience {
  /** How long one waits for its turn, in ms. */
  ms: number;
  late: () => Error;
}

interface Lane {
  active: number;
  waiting: (() => void)[];
}

export function createLanes(atOnce: number, { ms, late }: Patience): Lanes {
  const lanes = new Map<string, Lane>();

  const turn = async ({ waiting }: Lane): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.push(resolve);
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(resolve), 1);
      reject(late());
    }, ms);
    // Whoever has its turn is no longer among those that wait.
    await promise.finally(() => clearTimeout(timer));
  };

  return {
    async take(key, work) {
      const lane = lanes.get(key) ?? { active: 0, waiting: [] };
      lanes.set(key, lane);
      if (lane.active < atOnce) lane.active++;
      else await turn(lane);
      try {
        return await work();
      } finally {
        const next = lane.waiting.shift();
        // The place is handed on, not freed.
        if (next) next();
        else if (--lane.active === 0) lanes.delete(key);
      }
    },
  };
}
