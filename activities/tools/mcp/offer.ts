// Makes of a server's tools what a model is offered: names that providers take, effects from hints, nothing oversized.
import { createHash } from 'node:crypto';
import type { Tool, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import type { Effect } from '../../effects.ts';
import type { McpListing, McpServer, McpTool } from './server.ts';

/** OpenAI's limits of a name and a description. */
const longestName = 64;
const longestDescription = 1024;
/** Of a schema in JSON: each model call carries all of them. */
const mostSchemaChars = 16_384;
const mostTools = 100;

export function offerOf(server: McpServer, all: Tool[]): McpListing {
  const left_out: McpListing['left_out'] = [];
  const tools: McpTool[] = [];
  const seen = new Set<string>();
  for (const tool of all) {
    const why = whyNot(tool, server, seen, tools.length);
    seen.add(tool.name);
    if (why === undefined) tools.push(offered(tool, server));
    else if (why !== 'unnamed') left_out.push({ tool: tool.name.slice(0, 200), why });
  }
  for (const tool of server.tools ?? []) {
    if (!seen.has(tool)) left_out.push({ tool, why: 'The server has no such tool.' });
  }
  return { tools, left_out };
}

/** `unnamed`: the agent names the tools that it may have, and this is none of them. */
function whyNot({ name, inputSchema, execution }: Tool, { tools }: McpServer, seen: Set<string>, taken: number) {
  if (tools && !tools.includes(name)) return 'unnamed';
  if (seen.has(name)) return 'The server lists it twice.';
  if (taken >= mostTools) return `A server may offer ${mostTools} tools; name those that are needed.`;
  if (execution?.taskSupport === 'required') return 'It answers by tasks only, which are not supported.';
  if (JSON.stringify(inputSchema).length > mostSchemaChars)
    return `Its arguments' schema is longer than ${mostSchemaChars} characters.`;
  return undefined;
}

function offered({ name, title, description, inputSchema, annotations }: Tool, server: McpServer): McpTool {
  const { $schema: _, ...parameters } = inputSchema;
  return {
    name: offeredName(server.name, name),
    tool: name,
    description: (description ?? title ?? annotations?.title ?? '').slice(0, longestDescription),
    parameters: { properties: {}, ...parameters },
    effect: server.effect ?? effectOf(annotations),
  };
}

/** A name that had to be changed gets a mark of what it was, lest two become one. */
export function offeredName(server: string, tool: string): string {
  const whole = `${server}__${tool}`;
  const fit = whole.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
  if (fit === whole && whole.length <= longestName) return whole;
  const mark = createHash('sha256').update(whole).digest('hex').slice(0, 8);
  return `${fit.slice(0, longestName - mark.length - 1)}_${mark}`;
}

/** Hints: what a server does not say is taken for the worst. https://modelcontextprotocol.io/specification/2025-06-18/schema#toolannotations */
function effectOf({ readOnlyHint, idempotentHint }: ToolAnnotations = {}): Effect {
  if (readOnlyHint === true) return 'none';
  return idempotentHint === true ? 'idempotent' : 'external';
}
