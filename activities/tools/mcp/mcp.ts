// Tool servers that speak MCP: the step that asks one what it has, and the calls.
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  ErrorCode,
  ListToolsResultSchema,
  McpError,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import { currentAttempt } from '../../attempt.ts';
import { Fault } from '../../failures.ts';
import type { ToolContext } from '../tool.ts';
import { type Connections, createConnections, type McpConfig } from './connections.ts';
import { textOf } from './content.ts';
import { offerOf } from './offer.ts';
import { unavailable } from './refusal.ts';
import type { McpCall, McpListing, McpServer } from './server.ts';

export type ListTools = (server: McpServer) => Promise<McpListing>;

export interface Mcp extends Pick<Connections, 'open' | 'close'> {
  /** Throws Fault McpRefused or McpUnavailable. */
  list: ListTools;
  /** The text for the model. Throws an Error whose message is for the model. */
  call(to: McpCall, args: Record<string, unknown>, context: Pick<ToolContext, 'key' | 'signal'>): Promise<string>;
}

const listMs = 20_000;
const mostPages = 20;

/** `callMs`: of one call; the step has 10 minutes. */
export function createMcp({ callMs = 300_000, ...config }: McpConfig & { callMs?: number } = {}): Mcp {
  const connections = createConnections(config);
  return {
    get open() {
      return connections.open;
    },
    close: () => connections.close(),
    async list(server) {
      const { signal } = currentAttempt();
      try {
        return offerOf(server, await connections.use(server, (client) => listAll(client, signal)));
      } catch (error) {
        throw signal.aborted || error instanceof Fault ? error : unavailable(server, error);
      }
    },
    async call(to, args, { key, signal }) {
      const request = { name: to.tool, arguments: args, _meta: { 'waymark/idempotency-key': key } };
      const ask = (client: Client) =>
        client.request({ method: 'tools/call', params: request }, CallToolResultSchema, { signal, timeout: callMs });
      const { isError, ...result } = await reached(() => connections.use(to.server, ask), to.server, {
        signal,
        callMs,
      });
      if (isError === true) throw new Error(textOf(result));
      return textOf(result);
    },
  };
}

async function listAll(client: Client, signal: AbortSignal): Promise<Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const options = { signal, timeout: listMs };
    const listed = await client.request({ method: 'tools/list', params: { cursor } }, ListToolsResultSchema, options);
    tools.push(...listed.tools);
    cursor = listed.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}

/** What became of a call whose answer did not come is unknown, and the model is told so: to make it again is not ours to decide. */
async function reached<T>(
  call: () => Promise<T>,
  { name }: McpServer,
  { signal, callMs }: { signal: AbortSignal; callMs: number },
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (signal.aborted || (error instanceof Fault && error.type === 'WorkerStopped')) throw error;
    throw new Error(whatOf(error, name, callMs), { cause: error });
  }
}

function whatOf(error: unknown, name: string, callMs: number): string {
  // No connection could be made, and nothing was called.
  if (error instanceof Fault) return error.message;
  if (error instanceof StreamableHTTPError) return `the tool server ${name} answered with HTTP status ${error.code}.`;
  if (!(error instanceof McpError)) return `the tool server ${name} could not be asked. ${unknown}`;
  switch (error.code) {
    case timedOut:
      return `the tool server ${name} did not answer within ${callMs / 1000} seconds. ${unknown}`;
    case closed:
      return `the connection to the tool server ${name} broke off during the call. ${unknown}`;
    default:
      return error.message;
  }
}

const timedOut: number = ErrorCode.RequestTimeout;
const closed: number = ErrorCode.ConnectionClosed;
const unknown = 'Whether the call was made is not known.';
