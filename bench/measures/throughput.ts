// Runs of five empty steps, 20 at once: how many a second, and what one costs in CPU.
import type { Bench } from '../bench.ts';
import { meter } from '../cpu.ts';
import { floorFive, runFive } from '../requests.ts';
import { mean, median } from '../statistics.ts';

const rounds = 3;
const atOnce = 20;
const runs = 100;
/** Enough for the floor's CPU to be seen in steps of 10 ms. */
const floorRequests = 3000;

export interface Throughput {
  runs_per_s: number;
  floor_per_s: number;
  /** The floor's rate over ours: median over the rounds. */
  ratio: number;
  /** Of one run, in ms of CPU. */
  service_cpu_ms: number;
  temporal_cpu_ms: number;
  floor_cpu_ms: number;
  /** Ours with Temporal's over the floor's. */
  cpu_ratio: number;
}

export async function measureThroughput({ service, floor, temporalPid }: Bench): Promise<Throughput> {
  const ours: Round[] = [];
  const floors: Round[] = [];
  await round(40, () => runFive(service.url), []);
  await round(500, () => floorFive(floor.url), []);
  for (let i = 0; i < rounds; i++) {
    floors.push(await round(floorRequests, () => floorFive(floor.url), [floor.pid]));
    ours.push(await round(runs, () => runFive(service.url), [service.pid, temporalPid]));
  }
  const cpu = (of: Round[], at: number) => mean(of.map(({ cpuMs }) => cpuMs[at]!));
  const [service_cpu_ms, temporal_cpu_ms, floor_cpu_ms] = [cpu(ours, 0), cpu(ours, 1), cpu(floors, 0)];
  return {
    runs_per_s: median(ours.map(({ perS }) => perS)),
    floor_per_s: median(floors.map(({ perS }) => perS)),
    ratio: median(ours.map(({ perS }, i) => floors[i]!.perS / perS)),
    service_cpu_ms,
    temporal_cpu_ms,
    floor_cpu_ms,
    cpu_ratio: (service_cpu_ms + temporal_cpu_ms) / floor_cpu_ms,
  };
}

interface Round {
  perS: number;
  /** Of one run, per process. */
  cpuMs: number[];
}

async function round(times: number, run: () => Promise<unknown>, pids: number[]): Promise<Round> {
  const cpu = await meter(pids);
  const begin = performance.now();
  let left = times;
  const lane = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  const seconds = (performance.now() - begin) / 1000;
  return { perS: times / seconds, cpuMs: (await cpu.read()).map((used) => (used / times) * 1000) };
}
