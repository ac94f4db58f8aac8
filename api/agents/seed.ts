// Adds the shipped agents when the service starts: each once, unless somebody has it or has deleted it.
import type { AgentDefinition } from '../../workflows/definition.ts';
import { explain } from '../deadline.ts';
import type { ApiDeps } from '../deps.ts';
import { untilDone } from '../nap.ts';
import { addAgent } from './definitions.ts';
import { shipped } from './shipped.ts';

const callMs = 5000;

/** Until all are there, however long Temporal is away; aborting `signal` ends it. Never rejects. */
export async function seedAgents(
  deps: Pick<ApiDeps, 'client' | 'namespace' | 'open' | 'log'>,
  signal: AbortSignal,
  agents: readonly AgentDefinition[] = shipped(new Date()),
): Promise<void> {
  const addAll = async () => {
    for (const agent of agents) await deps.client.withDeadline(Date.now() + callMs, () => addAgent(deps, agent));
  };
  await untilDone(addAll, signal, (error) =>
    deps.log.warn({ err: explain(error) }, 'The shipped agents cannot be kept yet; it is tried again.'),
  );
}
