// What a step is likely to spend: reserved for it while it is in flight.
import type { ActivityInput } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { Amount } from './bounds.ts';

/** The step that costs tokens. */
const model: keyof Activities = 'callModel';

/** Of a first call, which nobody can know: so many tokens, each at the price of the dearest. */
const unknownTokens = 1000;
const dearest = 50 / 1_000_000;

/** `average`: of the run's model calls so far. */
export function wantedBy(
  { activityType, args }: ActivityInput,
  average: { tokens: number; cost_usd: number | null } | undefined,
): Amount {
  if (activityType !== model) return { steps: 1, tokens: 0, cost_usd: 0 };
  const tokens = average?.tokens ?? mostOutput(args[0]) ?? unknownTokens;
  return { steps: 1, tokens, cost_usd: average?.cost_usd ?? tokens * dearest };
}

function mostOutput(request: unknown): number | undefined {
  if (typeof request !== 'object' || request === null || !('max_output_tokens' in request)) return undefined;
  const { max_output_tokens } = request;
  return typeof max_output_tokens === 'number' ? max_output_tokens : undefined;
}
