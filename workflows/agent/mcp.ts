// The tools of an agent's servers: asked for once, in the first steps, so that every turn and every fork has the same.
import type { ToolSpec } from '../../activities/model/model.ts';
import type { McpCall, McpServer } from '../../activities/tools/mcp/server.ts';
import { step } from '../runtime/step.ts';
import type { AgentSnapshot } from './snapshot.ts';
import { nameOf } from './sub-agent.ts';

/** By the name that the model calls it by. */
export type ServerTools = ReadonlyMap<string, ServerTool>;

interface ServerTool {
  spec: ToolSpec;
  call: McpCall;
}

/** Fails when one of them cannot be asked. Without servers it takes no step. */
export async function toolsOfServers({ tools, agents, mcp_servers }: AgentSnapshot): Promise<ServerTools> {
  const listings = await Promise.all(mcp_servers.map(listed));
  const taken = new Set([...tools, ...agents.map(nameOf)]);
  // Of two with one name the first is offered.
  const offered = new Map<string, ServerTool>();
  for (const { name, ...tool } of listings.flat()) {
    if (!taken.has(name) && !offered.has(name)) offered.set(name, tool);
  }
  return offered;
}

async function listed(server: McpServer): Promise<(ServerTool & { name: string })[]> {
  const { tools } = await step(`tools of ${server.name}`, { startToCloseTimeout: '1 minute' }).listTools(server);
  return tools.map(({ name, tool, description, parameters, effect }) => ({
    name,
    spec: { name, description, parameters },
    call: { server, tool, effect },
  }));
}
