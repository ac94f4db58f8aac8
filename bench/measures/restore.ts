// A restore in place of a run that has ended: from the request to the beginning of its first new step.
import type { Bench } from '../bench.ts';
import { tellFromRestore, tellFromStart } from '../idles.ts';
import type { Source } from '../sources.ts';
import { median } from '../statistics.ts';

/** Few: each leaves the run a timeline more, and it is read whole for what it has spent. */
const rounds = 3;

/** In ms; medians. The floor is a plain start of the same workflow, to its first step. */
export interface Restore {
  steps: number;
  /** The very first restore of the run. */
  first_ms: number;
  /** The first one to a checkpoint, and the second to the same one. */
  cold_ms: number;
  warm_ms: number;
  floor_ms: number;
  /** Of the cold restore to the floor. */
  ratio: number;
}

export async function measureRestore(bench: Bench, { steps, points }: Source): Promise<Restore> {
  const [cold, warm, floors]: [number[], number[], number[]] = [[], [], []];
  for (const point of points.slice(0, rounds)) {
    floors.push((await tellFromStart(bench)).ms);
    cold.push((await tellFromRestore(bench, point)).ms);
    warm.push((await tellFromRestore(bench, point)).ms);
  }
  return {
    steps,
    first_ms: cold[0]!,
    cold_ms: median(cold),
    warm_ms: median(warm),
    floor_ms: median(floors),
    ratio: median(cold) / median(floors),
  };
}
