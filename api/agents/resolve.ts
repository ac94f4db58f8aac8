// Makes of an agent what a run keeps of it: its configuration as it is now, the agents that it may ask among it.
import type { AgentSnapshot } from '../../workflows/agent/snapshot.ts';
import type { AgentDefinition } from '../../workflows/definition.ts';
import { type Definitions, findAgent } from './definitions.ts';

/** Levels of agents below the one that is asked. */
const deepest = 3;

/** Undefined: there is no agent of that name. Agents below it that are missing or disabled are left out. */
export async function resolveAgent(
  definitions: Definitions,
  name: string,
): Promise<{ definition: AgentDefinition; agent: AgentSnapshot } | undefined> {
  const found = await findAgent(definitions, name);
  if (found.kind !== 'agent') return undefined;
  return { definition: found.definition, agent: await snapshotOf(definitions, found.definition, []) };
}

/** @param above who led here: an agent is not offered to itself, nor to those that it is asked by */
async function snapshotOf(
  definitions: Definitions,
  { name, description, model, system_prompt, tools, agents, mcp_servers, output_schema, config }: AgentDefinition,
  above: readonly string[],
): Promise<AgentSnapshot> {
  const asked = [...above, name];
  const below = asked.length > deepest ? [] : agents.filter((agent) => !asked.includes(agent));
  const found = await Promise.all(below.map((agent) => findAgent(definitions, agent)));
  const usable = found.flatMap((each) => (each.kind === 'agent' && each.definition.enabled ? [each.definition] : []));
  return {
    name,
    description,
    model,
    system_prompt,
    tools,
    agents: await Promise.all(usable.map((agent) => snapshotOf(definitions, agent, asked))),
    mcp_servers,
    output_schema,
    config,
  };
}
