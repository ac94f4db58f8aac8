// The first token of an answer: how much later it comes through a run than from the model itself.
import { answers, asResponse, asRun } from '../answers.ts';
import type { Bench } from '../bench.ts';
import { firstToken, marks } from '../requests.ts';
import { median, quantile } from '../statistics.ts';

const times = 40;

/** In ms, from the request to its first token. */
export interface FirstToken {
  median_ms: number;
  p95_ms: number;
  floor_median_ms: number;
  /** Ours less the model's own: of the medians, and of the fastest, which a busy machine disturbs least. */
  over_ms: number;
  over_min_ms: number;
  ratio: number;
}

export async function measureFirstToken({ service, model }: Bench): Promise<FirstToken> {
  const ours: number[] = [];
  const floors: number[] = [];
  for (let i = -3; i < times; i++) {
    const floor = await firstToken(`${model.url}/responses`, asResponse(answers.firstToken), marks.model);
    const run = await firstToken(`${service.url}/api/workflows/simple/runs`, asRun(answers.firstToken), marks.service);
    if (i < 0) continue;
    floors.push(floor);
    ours.push(run);
  }
  const floor = median(floors);
  return {
    median_ms: median(ours),
    p95_ms: quantile(ours, 0.95),
    floor_median_ms: floor,
    over_ms: median(ours) - floor,
    over_min_ms: Math.min(...ours) - Math.min(...floors),
    ratio: median(ours) / floor,
  };
}
