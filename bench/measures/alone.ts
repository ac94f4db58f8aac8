// One run of five empty steps with nothing beside it: from the request that starts it to its result.
import type { Bench } from '../bench.ts';
import { floorFive, runFive } from '../requests.ts';
import { median, quantile } from '../statistics.ts';

const times = 60;

/** In ms. */
export interface Alone {
  median_ms: number;
  p95_ms: number;
  min_ms: number;
  floor_median_ms: number;
  ratio: number;
}

export async function measureAlone({ service, floor }: Bench): Promise<Alone> {
  const ours: number[] = [];
  const floors: number[] = [];
  for (let i = 0; i < times; i++) {
    floors.push(await timed(() => floorFive(floor.url)));
    ours.push(await timed(() => runFive(service.url)));
  }
  return {
    median_ms: median(ours),
    p95_ms: quantile(ours, 0.95),
    min_ms: Math.min(...ours),
    floor_median_ms: median(floors),
    ratio: median(ours) / median(floors),
  };
}

async function timed(run: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}
