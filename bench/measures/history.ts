// What a run and its fork leave: history in Temporal, and large payloads beside it.
import type { Bench } from '../bench.ts';
import { tellFromFork } from '../idles.ts';
import type { Source } from '../sources.ts';

/** In bytes. */
export interface History {
  steps: number;
  /** Of the source: a long run continues in a new one, which is served what was done before. */
  timelines: number;
  /** Of the source's histories, for each of its steps; and what is stored beside them. */
  per_step: number;
  stored_per_step: number;
  /** How many steps a fork was served, and the same of it for each of them. Forks share what they can of what is stored. */
  fork_steps: number;
  fork_per_step: number;
  fork_stored_per_step: number;
}

export async function measureHistory(bench: Bench, source: Source): Promise<History> {
  const { histories } = bench;
  const { run, steps, points, storedBytes } = source;
  // The one that no other measure forks: its journal has not been stored yet.
  const point = points.at(-1);
  if (!point) throw new Error(`Run ${run} has no checkpoint.`);
  const { timelines, bytes } = await histories.sizeOf(run);
  const before = await histories.storedBytes();
  const fork = (await tellFromFork(bench, point)).run;
  const stored = (await histories.storedBytes()) - before;
  const own = await histories.sizeOf(fork);
  return {
    steps,
    timelines,
    per_step: bytes / steps,
    stored_per_step: storedBytes / steps,
    fork_steps: point.steps,
    fork_per_step: own.bytes / point.steps,
    fork_stored_per_step: stored / point.steps,
  };
}
