// How a workflow takes a step: step('load_docs').fetchPage({ url }).
import { type ActivityInterfaceFor, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';

/**
 * Every step is bounded. Attempts lost with a worker do not count as the provider's faults, hence 20 in all; faults of
 * the provider bring their own delay and end at the fourth attempt (activities/failures.ts).
 */
const bounds: ActivityOptions = {
  startToCloseTimeout: '10 minutes',
  retry: { maximumAttempts: 20, initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '10s' },
};

/**
 * The activities, to be called as the step `name`: the name that streams, lists and the Temporal Web UI show.
 * `options` are Temporal's, for a step with other time limits.
 */
export function step<A = Activities>(name: string, options: ActivityOptions = {}): ActivityInterfaceFor<A> {
  return proxyActivities<A>({ ...bounds, ...options, summary: name });
}
