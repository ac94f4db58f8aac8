// The runs that are forked and restored: each of so many steps, ended.
import { checkpointId } from '../api/runs/checkpoint-id.ts';
import type { Bench } from './bench.ts';
import { type Point, startIdles, tellFromFork, tellFromStart } from './idles.ts';

export interface Source {
  run: string;
  steps: number;
  /** Its newest points, the newest first: a journal is not cached at the first fork of each. */
  points: Point[];
  /** What was stored beside its histories. */
  storedBytes: number;
}

/** One more than the measure with the most rounds takes. */
const newest = 8;
/** Code that has never run is slow: not what is asked here. */
const warmUps = 5;

/** One after the other: what is stored meanwhile is of one run. */
export async function openSources(bench: Bench, sizes: number[]): Promise<Source[]> {
  const sources: Source[] = [];
  for (const steps of sizes) sources.push(await openSource(bench, steps));
  const other = await openSource(bench, newest);
  for (const point of other.points.slice(0, warmUps)) {
    await tellFromStart(bench);
    await tellFromFork(bench, point);
  }
  return sources;
}

async function openSource(bench: Bench, steps: number): Promise<Source> {
  const { histories } = bench;
  const before = await histories.storedBytes();
  const run = await startIdles(bench, steps);
  await histories.ended(run);
  const storedBytes = (await histories.storedBytes()) - before;
  // Its steps follow each other, so that they are counted backwards from its end.
  const taken = await histories.newestSteps(run, newest);
  const points = taken.map((at, i) => ({ steps: steps - i, checkpoint: checkpointId({ run, ...at }) }));
  if (points.length === 0) throw new Error(`The newest timeline of run ${run} has no step.`);
  return { run, steps, points, storedBytes };
}
