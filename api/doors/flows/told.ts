// What this process has just told of executions, and whom: lists of Temporal's lag behind, and who was told must find it in them.
import { LRUCache } from 'lru-cache';

export interface ToldExecutions {
  add(id: string, workflow: string): void;
  /** Ids that the same caller was told of, of one workflow or of all. */
  of(workflow: string | undefined): string[];
}

/** Temporal's lists lag by a tenth of a second, on a busy machine by seconds. */
const rememberedMs = 10_000;
const most = 200;

/** @param owner of what the caller makes; undefined for everybody's */
export function createToldExecutions(owner: () => string | undefined, clock: () => number = Date.now): ToldExecutions {
  const told = new LRUCache<string, { workflow: string; to: string | undefined }>({
    max: most,
    ttl: rememberedMs,
    ttlResolution: 0,
    perf: { now: clock },
  });
  return {
    add(id, workflow) {
      told.set(id, { workflow, to: owner() });
    },
    of(wanted) {
      const asks = owner();
      return [...told.entries()]
        .filter(([, { workflow, to }]) => to === asks && (wanted === undefined || workflow === wanted))
        .map(([id]) => id);
    },
  };
}
