// A tool of a server's, as any other tool: its approval and its effect are the agent's and the listing's.
import type { AnyTool } from '../tool.ts';
import type { Mcp } from './mcp.ts';
import type { McpCall } from './server.ts';

/** What its arguments must be, the server says; here they only have to be an object. */
export const mcpTool = (name: string, to: McpCall, mcp: Mcp): AnyTool => ({
  name,
  description: '',
  parameters: {},
  effect: to.effect,
  approval: to.server.approval ?? 'never',
  read(args) {
    if (!isObject(args)) return { kind: 'wrong', message: 'they must be a JSON object.' };
    return { kind: 'run', args, run: (call) => mcp.call(to, args, call) };
  },
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
