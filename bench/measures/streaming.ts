// 100 answers at once, 20 tokens a second each, each with one viewer: what they cost while they stream.
import { setTimeout as sleep } from 'node:timers/promises';
import { answers, asResponse, asRun } from '../answers.ts';
import type { Bench } from '../bench.ts';
import { meter } from '../cpu.ts';
import { hear, marks, post } from '../requests.ts';
import { mean } from '../statistics.ts';

const streams = 100;
const rounds = 2;
/** Between two starts, in ms: what streaming costs is asked here, not what a rush of starts does. */
const apartMs = 30;

/** CPU in cores: 1 is one core kept busy from the first request to the last token. */
export interface Streaming {
  streams: number;
  tokens_per_s: number;
  service_cores: number;
  temporal_cores: number;
  floor_cores: number;
  /** Ours with Temporal's over the floor's. */
  ratio: number;
  /** From the first request to the end of the last stream, in s. */
  seconds: number;
  floor_seconds: number;
}

export async function measureStreaming({ service, floor, temporalPid }: Bench): Promise<Streaming> {
  const ours: Round[] = [];
  const floors: Round[] = [];
  const run = () => post(`${service.url}/api/workflows/simple/runs`, asRun(answers.streaming), 'text/event-stream');
  const plain = () => post(`${floor.url}/relay`, asResponse(answers.streaming), 'text/event-stream');
  for (let i = 0; i < rounds; i++) {
    floors.push(await round(plain, marks.model, [floor.pid]));
    ours.push(await round(run, marks.service, [service.pid, temporalPid]));
  }
  const cores = (of: Round[], at: number) => mean(of.map((one) => one.cpu[at]! / one.seconds));
  const [service_cores, temporal_cores, floor_cores] = [cores(ours, 0), cores(ours, 1), cores(floors, 0)];
  const seconds = mean(ours.map((one) => one.seconds));
  return {
    streams,
    tokens_per_s: (streams * answers.streaming.tokens) / seconds,
    service_cores,
    temporal_cores,
    floor_cores,
    ratio: (service_cores + temporal_cores) / floor_cores,
    seconds,
    floor_seconds: mean(floors.map((one) => one.seconds)),
  };
}

interface Round {
  seconds: number;
  /** Seconds of CPU, per process. */
  cpu: number[];
}

async function round(ask: () => Promise<Response>, mark: typeof marks.model, pids: number[]): Promise<Round> {
  const cpu = await meter(pids);
  const begin = performance.now();
  const hearings = Array.from({ length: streams }, async (_, i) => {
    await sleep(i * apartMs);
    await hear(await ask(), mark);
  });
  await Promise.all(hearings);
  return { seconds: (performance.now() - begin) / 1000, cpu: await cpu.read() };
}
