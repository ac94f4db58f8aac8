// The figures of one agent's runs.
import { agentNotFound, find, isAgentName } from '../agents/change.ts';
import type { Core } from '../deps.ts';
import { queriesOf, type Window } from '../runs/filter.ts';
import type { Visibility } from '../runs/visibility.ts';
import { average, durationOf, sample, type Sampling } from './sample.ts';
import type { AgentMetrics } from './shape.ts';

/** Throws ApiError 404: there is no such agent, nor a run of one that was deleted. */
export async function agentMetrics(sampling: Sampling, agent_id: string, window: Window): Promise<AgentMetrics> {
  const { deps, visibility } = sampling;
  await requireKnown(deps, visibility, agent_id);
  const [counts, { runs, tokens, sampled_runs }] = await Promise.all([
    countsOf(visibility, agent_id, window),
    sample(sampling, queriesOf({ agent_id }), window),
  ]);
  const { completed_runs, failed_runs, cancelled_runs, active_runs } = counts;
  const ended = completed_runs + failed_runs + cancelled_runs;
  return {
    agent_id,
    total_runs: ended + active_runs,
    ...counts,
    success_rate: ended === 0 ? null : completed_runs / ended,
    avg_duration: average(runs.flatMap((run) => durationOf(run) ?? [])),
    total_tokens: tokens,
    avg_tokens_per_run: sampled_runs === 0 ? null : tokens / sampled_runs,
    sampled_runs,
  };
}

async function requireKnown(deps: Core, visibility: Visibility, agent_id: string): Promise<void> {
  const { kind } = await find(deps, agent_id);
  if (kind === 'agent') return;
  const left = isAgentName(agent_id) ? await visibility.count(queriesOf({ agent_id }), {}) : 0;
  if (left === 0) throw agentNotFound(agent_id);
}

/** The total is their sum, so that they always agree. */
async function countsOf(visibility: Visibility, agent_id: string, window: Window) {
  const [completed_runs, failed_runs, cancelled_runs, active_runs] = await Promise.all([
    visibility.count(queriesOf({ agent_id, status: 'completed' }), window),
    visibility.count(queriesOf({ agent_id, status: 'failed' }), window),
    visibility.count(queriesOf({ agent_id, status: 'cancelled' }), window),
    visibility.count(queriesOf({ agent_id }), { ...window, open: true }),
  ]);
  return { completed_runs, failed_runs, cancelled_runs, active_runs };
}
