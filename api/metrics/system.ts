// The figures of all runs and agents, and of today's runs.
import { listAgents } from '../agents/list.ts';
import { queriesOf } from '../runs/filter.ts';
import { average, durationOf, sample, type Sampling } from './sample.ts';
import type { SystemMetrics } from './shape.ts';

export async function systemMetrics(sampling: Sampling): Promise<SystemMetrics> {
  const { deps, visibility } = sampling;
  const all = queriesOf({});
  // One short call first: it fails soon when Temporal is away.
  const total_runs = await visibility.count(all, {});
  const today = { from: startOfDay(deps.clock?.() ?? Date.now()) };
  const [agents, active_runs, runs_today, { runs, tokens, sampled_runs }] = await Promise.all([
    listAgents(deps, undefined, { limit: 1, offset: 0 }),
    visibility.count(all, { open: true }),
    visibility.count(all, today),
    sample(sampling, all, today),
  ]);
  const completed = runs.filter(({ status }) => status.name === 'COMPLETED');
  return {
    total_agents: agents.total,
    total_runs,
    active_runs,
    runs_today,
    total_tokens_today: tokens,
    avg_response_time: average(completed.flatMap((run) => durationOf(run) ?? [])),
    sampled_runs,
  };
}

/** In UTC; all in ms since the epoch. */
const startOfDay = (now: number): number => new Date(now).setUTCHours(0, 0, 0, 0);
