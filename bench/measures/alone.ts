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
  /** Of the same five steps with Temporal's SDK alone, on the same server. */
  sdk_median_ms: number;
  sdk_min_ms: number;
  /** Ours over those, by the medians. */
  sdk_ratio: number;
}

export async function measureAlone({ service, floor, sdk }: Bench): Promise<Alone> {
  if (!sdk) throw new Error("Temporal's SDK alone was not started.");
  const ours: number[] = [];
  const floors: number[] = [];
  const runs: number[] = [];
  const sdks: number[] = [];
  for (let i = 0; i < times; i++) {
    floors.push(await timed(() => floorFive(floor.url)));
    sdks.push(await timed(() => floorFive(sdk.url)));
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
    sdk_median_ms: median(sdks),
    sdk_min_ms: Math.min(...sdks),
    sdk_ratio: median(ours) / median(sdks),
  };
}

async function timed(run: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}
