// Adds the shipped agents when the service starts: each once, unless somebody has it or has deleted it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentDefinition } from '../../workflows/definition.ts';
import { explain } from '../deadline.ts';
import type { ApiDeps } from '../deps.ts';
import { addAgent } from './definitions.ts';
import { shipped } from './shipped.ts';

const firstWaitMs = 500;
const longestWaitMs = 30_000;
const callMs = 5000;

/** Until all are there, however long Temporal is away; aborting `signal` ends it. Never rejects. */
export async function seedAgents(
  deps: Pick<ApiDeps, 'client' | 'namespace' | 'open' | 'log'>,
  signal: AbortSignal,
  agents: readonly AgentDefinition[] = shipped(new Date()),
): Promise<void> {
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    try {
      for (const agent of agents) await deps.client.withDeadline(Date.now() + callMs, () => addAgent(deps, agent));
      return;
    } catch (error) {
      deps.log.warn({ err: explain(error) }, 'The shipped agents cannot be kept yet; it is tried again.');
    }
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
  }
}
