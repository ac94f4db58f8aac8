// One run of five empty steps with nothing beside it: from the request that starts it to its result, and the run itself.
import type { Bench } from '../bench.ts';
import { durationOf, floorFive, runFive } from '../requests.ts';
import { median, quantile } from '../statistics.ts';

const times = 60;

/** In ms. */
export interface Alone {
  median_ms: number;
  p95_ms: number;
  min_ms: number;
  /** Of the run itself, as its history tells: without the two requests around it. */
  run_median_ms: number;
  floor_median_ms: number;
  ratio: number;
}

export async function measureAlone({ service, floor }: Bench): Promise<Alone> {
  const ours: number[] = [];
  const floors: number[] = [];
  const runs: number[] = [];
  for (let i = 0; i < times; i++) {
    floors.push(await timed(() => floorFive(floor.url)));
    let run = '';
    ours.push(await timed(async () => void (run = await runFive(service.url))));
    runs.push(await durationOf(run));
  }
  return {
    median_ms: median(ours),
    p95_ms: quantile(ours, 0.95),
    min_ms: Math.min(...ours),
    run_median_ms: median(runs),
    floor_median_ms: median(floors),
    ratio: median(ours) / median(floors),
  };
}

async function timed(run: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}
