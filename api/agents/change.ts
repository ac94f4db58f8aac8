// Makes, changes and deletes agents. Changes of one agent are made one after the other.
import type { AgentDefinition } from '../../workflows/definition.ts';
import { agentDefinition } from '../../workflows/definition.ts';
import { forbidden } from '../auth/guard.ts';
import { createLanes } from '../chat/lanes.ts';
import { inTime, msOf, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError, temporalUnavailable, type WrongField, wrongFields } from '../errors.ts';
import { keepSecrets } from './kept-secrets.ts';
import { addAgent, type Found, findAgent, mayAsk, removeAgent, unreadable, writeAgent } from './definitions.ts';
import { comesAlong } from './shipped.ts';
import { type ChangedAgent, type NewAgent, rowOf } from './shape.ts';

export interface AgentChanges {
  /** Throws ApiError: 409 when the name is taken, 422 for tools and agents that there are not. */
  create(given: NewAgent): Promise<AgentDefinition>;
  /** Throws ApiError: 404, 409 when it cannot be read, 422. */
  change(name: string, given: ChangedAgent): Promise<AgentDefinition>;
  /** Throws ApiError 404. */
  remove(name: string): Promise<void>;
}

export function createAgentChanges(deps: Core): AgentChanges {
  const { clock = Date.now, writtenAgents } = deps;
  const lanes = createLanes(1, { ms: msOf(deps), late: () => temporalUnavailable(undefined) });
  /** Waits no longer than for one call, and is not made later. Of several API processes the last writer counts. */
  const inTurn = <T>(name: string, work: () => Promise<T>): Promise<T> => inTime(deps, lanes.take(name, work));
  const now = () => new Date(clock()).toISOString();
  return {
    create: (given) =>
      inTurn(given.name, async () => {
        const found = await find(deps, given.name);
        if (found.kind === 'agent') throw taken(given.name);
        // Perhaps it is still to be added.
        if (found.kind === 'deleted' || comesAlong(given.name)) requireAdmin(deps, given.name);
        if (found.kind === 'unreadable') throw unreadable(given.name);
        const { tools = [], agents = [], ...rest } = given;
        const owner = found.kind === 'deleted' ? undefined : deps.owner();
        await requireKnown(deps, given.name, { tools, agents }, owner);
        const times = { created_at: now(), updated_at: now() };
        const shipped = found.kind === 'deleted';
        const agent = agentDefinition.parse({ kind: 'agent', tools, agents, ...rest, ...times, shipped });
        await withDeadline(deps, async () => {
          if (shipped) await writeAgent(deps, agent);
          else if (!(await addAgent(deps, agent, owner))) throw takenBySomebody(given.name);
        });
        writtenAgents.wrote(agent.name, rowOf(agent), { owner, shipped });
        return agent;
      }),
    change: (name, given) =>
      inTurn(name, async () => {
        const before = await requireAgent(deps, name);
        const { owner, shipped } = before;
        if (shipped) requireAdmin(deps, name);
        if (given.name !== undefined && given.name !== name) throw renamed(name);
        await requireKnown(deps, name, given, owner);
        const config = { ...before.definition.config, ...given.config };
        const mcp_servers = given.mcp_servers && keepSecrets(given.mcp_servers, before.definition.mcp_servers);
        const changed = { ...given, ...(mcp_servers && { mcp_servers }), config };
        const agent = agentDefinition.parse({ ...before.definition, ...changed, updated_at: now() });
        await withDeadline(deps, () => writeAgent(deps, agent, owner));
        writtenAgents.wrote(name, rowOf(agent), { owner, shipped });
        return agent;
      }),
    remove: (name) =>
      inTurn(name, async () => {
        const found = await find(deps, name);
        if (found.kind !== 'agent' && found.kind !== 'unreadable') throw agentNotFound(name);
        const { owner, shipped } = found;
        if (shipped) requireAdmin(deps, name);
        await withDeadline(deps, () => removeAgent(deps, { name, shipped }));
        writtenAgents.wrote(name, null, { owner, shipped });
      }),
  };
}

/** Throws ApiError 403: all may use what came with the program, so nobody else changes it. */
function requireAdmin(deps: Core, name: string): void {
  const who = deps.caller();
  if (who.kind === 'known' && who.role !== 'admin')
    throw forbidden(`Agent '${name}' came with the program: only an admin changes it, deletes it or brings it back.`);
}

/** Throws ApiError: 404, 409 when it cannot be read. */
export async function requireAgent(deps: Core, name: string): Promise<Found & { kind: 'agent' }> {
  const found = await find(deps, name);
  if (found.kind === 'unreadable') throw unreadable(name);
  if (found.kind !== 'agent') throw agentNotFound(name);
  return found;
}

/** A name that no agent can have is that of none. */
export const isAgentName = (name: string): boolean => /^[a-z0-9_-]{1,64}$/.test(name);

export const find = async (deps: Core, name: string): Promise<Found> =>
  isAgentName(name) ? withDeadline(deps, () => findAgent(deps, name)) : { kind: 'none' };

export const agentNotFound = (name: string): ApiError =>
  new ApiError(404, 'agent_not_found', `Agent '${name}' not found`);

const taken = (name: string): ApiError =>
  new ApiError(409, 'agent_exists', `There is an agent '${name}' already. Change it with PUT, or choose another name.`);

/** Of whoever has it nothing is told. */
const takenBySomebody = (name: string): ApiError =>
  new ApiError(409, 'agent_exists', `There is an agent '${name}' already. Choose another name.`);

const renamed = (name: string): ApiError =>
  wrongFields({
    loc: ['body', 'name'],
    msg: `An agent keeps its name: leave it out, or send '${name}'.`,
    type: 'not_supported',
  });

async function requireKnown(
  deps: Core,
  own: string,
  { tools = [], agents = [] }: Pick<ChangedAgent, 'tools' | 'agents'>,
  owner: string | undefined,
): Promise<void> {
  const known: readonly string[] = deps.tools;
  const wrong = tools.flatMap((tool, index): WrongField[] =>
    known.includes(tool)
      ? []
      : [
          {
            loc: ['body', 'tools', index],
            msg: `There is no tool '${tool}'. There are: ${known.join(', ')}.`,
            type: 'unknown_tool',
          },
        ],
  );
  const found = await Promise.all(agents.map((agent) => find(deps, agent)));
  found.forEach((one, index) => {
    const agent = agents[index];
    if (agent === own || (one.kind === 'agent' && mayAsk({ owner }, one))) return;
    wrong.push({ loc: ['body', 'agents', index], msg: `There is no agent '${agent}'.`, type: 'unknown_agent' });
  });
  if (wrong.length > 0) throw wrongFields(...wrong);
}
