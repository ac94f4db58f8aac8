// Definitions: workflows that never do anything. The start input is what they define, their memo what lists show of it.
import { z } from 'zod';
import { agentConfig, mcpServer } from './agent/snapshot.ts';

/** The workflow's name; there is no code of that name, and nobody works on its queue. */
export const definitionType = 'definition';
export const definitionQueue = 'waymark-definitions';

export const maxPromptChars = 100_000;

export const definitionId = (agent: string): string => `agent:${agent}`;

export const agentDefinition = z.object({
  kind: z.literal('agent'),
  /** Of letters, digits, `_` and `-`: its id. */
  name: z.string(),
  description: z.string().default(''),
  /** Null: the configured OPENAI_MODEL. */
  model: z.string().nullable().default(null),
  system_prompt: z.string().default(''),
  tools: z.array(z.string()).default([]),
  /** Names of agents that the model may ask, each offered to it as a tool. */
  agents: z.array(z.string()).default([]),
  mcp_servers: z.array(mcpServer).default([]),
  output_schema: z.record(z.string(), z.unknown()).nullable().default(null),
  config: agentConfig.prefault({}),
  enabled: z.boolean().default(true),
  tags: z.array(z.string()).default([]),
  /** One that came with the program: once deleted, it is not brought back. */
  shipped: z.boolean().default(false),
  created_at: z.string(),
  updated_at: z.string(),
});

export type AgentDefinition = z.infer<typeof agentDefinition>;

/** What stays of a shipped agent that was deleted. */
const tombstone = z.object({ kind: z.literal('deleted'), name: z.string() });

export const definition = z.discriminatedUnion('kind', [agentDefinition, tombstone]);
export type Definition = z.infer<typeof definition>;

/** Memo of an agent's definition, in Temporal's terms; 2 KB. */
export const definitionMemo = agentDefinition.pick({
  name: true,
  description: true,
  model: true,
  tools: true,
  enabled: true,
  tags: true,
  shipped: true,
  created_at: true,
  updated_at: true,
});
export type DefinitionMemo = z.infer<typeof definitionMemo>;
