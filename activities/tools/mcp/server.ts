// What an agent says of a tool server that speaks MCP, and what is known of its tools. https://modelcontextprotocol.io/specification
import type { Effect } from '../../effects.ts';

/** How its tools are offered. */
interface Offer {
  name: string;
  /** By the server's names; absent: all. */
  tools?: string[];
  /** `always`: a person is asked before each call. Absent: nobody is. */
  approval?: 'always' | 'never';
  /** Of all its tools, whatever the server says of them. */
  effect?: Effect;
}

/** A program that the worker starts, and speaks to by its standard input and output. */
export interface StdioServer extends Offer {
  kind: 'stdio';
  command: string;
  args: string[];
  /** All of its environment, beside PATH. */
  env?: Record<string, string>;
}

export interface HttpServer extends Offer {
  kind: 'http';
  url: string;
  headers?: Record<string, string>;
}

export type McpServer = StdioServer | HttpServer;

export interface McpTool {
  /** As the model calls it. */
  name: string;
  /** As the server does. */
  tool: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>;
  effect: Effect;
}

/** What a server has to offer, at the moment of asking. */
export interface McpListing {
  tools: McpTool[];
  /** Tools that are not offered, and named ones that there are not. */
  left_out: { tool: string; why: string }[];
}

/** Of a call: where it goes. `effect`: as it was when the tools were listed. */
export interface McpCall {
  server: McpServer;
  tool: string;
  effect: Effect;
}
