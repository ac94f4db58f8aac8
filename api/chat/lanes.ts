// Lets few things at once be under way for one key; the others wait in their order.

export interface Lanes {
  /** Waits for its turn, then does it. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
}

interface Lane {
  active: number;
  waiting: (() => void)[];
}

export function createLanes(atOnce: number): Lanes {
  const lanes = new Map<string, Lane>();
  return {
    async take(key, work) {
      const lane = lanes.get(key) ?? { active: 0, waiting: [] };
      lanes.set(key, lane);
      if (lane.active < atOnce) lane.active++;
      else await new Promise<void>((resolve) => void lane.waiting.push(resolve));
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
