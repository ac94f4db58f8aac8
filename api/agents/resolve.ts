// Makes of an agent what a run keeps of it: its configuration as it is now, the agents that it may ask among it.
import type { AgentSnapshot } from '../../workflows/agent/snapshot.ts';
import type { AgentDefinition } from '../../workflows/definition.ts';
import { type Definitions, type Found, findAgent, mayAsk, unreadable } from './definitions.ts';

/** Levels of agents below the one that is asked. */
const deepest = 3;
/** Agents below it in all. Each stands wherever it may be asked: a dozen that know each other would be a thousand. */
const most = 100;

interface Resolving {
  find(name: string): Promise<Found>;
  /** How many more there may be. */
  left: number;
}

/**
 * Undefined: there is no agent of that name. Agents below it that are missing, unreadable, disabled or too many are left out.
 * Throws ApiError 409 when it cannot be read.
 */
export async function resolveAgent(
  definitions: Definitions,
  name: string,
): Promise<{ definition: AgentDefinition; owner: string | undefined; agent: AgentSnapshot } | undefined> {
  const found = await findAgent(definitions, name);
  if (found.kind === 'unreadable') throw unreadable(name);
  if (found.kind !== 'agent') return undefined;
  const resolving = { find: findOnce(definitions), left: most };
  const { definition, owner } = found;
  return { definition, owner, agent: await snapshotOf(resolving, found, []) };
}

function findOnce(definitions: Definitions): Resolving['find'] {
  const found = new Map<string, Promise<Found>>();
  return (name) => {
    const finding = found.get(name) ?? findAgent(definitions, name);
    found.set(name, finding);
    return finding;
  };
}

/** @param above who led here: an agent is not offered to itself, nor to those that it is asked by */
async function snapshotOf(
  resolving: Resolving,
  { owner, definition }: Found & { kind: 'agent' },
  above: readonly string[],
): Promise<AgentSnapshot> {
  const { name, description, model, system_prompt, tools, agents, mcp_servers, output_schema, config } = definition;
  const asked = [...above, name];
  const below = asked.length > deepest ? [] : agents.filter((agent) => !asked.includes(agent));
  const found = await Promise.all(below.map((agent) => resolving.find(agent)));
  const usable = found
    .flatMap((each) => (each.kind === 'agent' && each.definition.enabled && mayAsk({ owner }, each) ? [each] : []))
    .slice(0, resolving.left);
  resolving.left -= usable.length;
  const offered: AgentSnapshot[] = [];
  // One after the other, so that the same ones are left out each time.
  for (const agent of usable) offered.push(await snapshotOf(resolving, agent, asked));
  return {
    name,
    description,
    model,
    system_prompt,
    tools,
    agents: offered,
    mcp_servers,
    output_schema,
    config,
  };
}
