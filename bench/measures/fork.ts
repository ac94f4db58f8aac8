// A fork at the newest step of a run: from the request to the beginning of its first new step.
import type { Bench } from '../bench.ts';
import { tellFromFork, tellFromStart } from '../idles.ts';
import type { Source } from '../sources.ts';
import { median } from '../statistics.ts';

const rounds = 7;

/** In ms; medians. The floor is a plain start of the same workflow, to its first step. */
export interface Fork {
  steps: number;
  /** The first fork at a checkpoint: the source's history is read. */
  cold_ms: number;
  /** The second one at the same checkpoint. */
  warm_ms: number;
  warm_min_ms: number;
  floor_ms: number;
  /** Of the cold fork to the floor. */
  ratio: number;
}

/** Of the newest step, then of the ones before it: each is forked for the first time once. */
export async function measureFork(bench: Bench, { steps, points }: Source): Promise<Fork> {
  const [cold, warm, floors]: [number[], number[], number[]] = [[], [], []];
  for (const point of points.slice(0, rounds)) {
    floors.push((await tellFromStart(bench)).ms);
    cold.push((await tellFromFork(bench, point)).ms);
    warm.push((await tellFromFork(bench, point)).ms);
  }
  return {
    steps,
    cold_ms: median(cold),
    warm_ms: median(warm),
    warm_min_ms: Math.min(...warm),
    floor_ms: median(floors),
    ratio: median(cold) / median(floors),
  };
}
