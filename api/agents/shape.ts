// The JSON of agents: what a client sends, and what it reads.
import { z } from '@hono/zod-openapi';
import { pageOf } from '../page.ts';
import { type AgentConfig, agentConfig, mcpServer, mcpServers } from '../../workflows/agent/snapshot.ts';
import { type DefinitionMemo, maxPromptChars } from '../../workflows/definition.ts';
import { isText } from '../runs/keyword.ts';
import { startRequest } from '../runs/request.ts';

const name = z
  .string()
  .regex(/^[a-z0-9_-]{1,64}$/, 'Must be 1 to 64 of a-z, 0-9, _ and -.')
  .openapi({ description: "The agent's id." });

/** A model knows it as the tool `agent_<name>`, and takes names of 64 characters. */
const asked = z.string().regex(/^[a-z0-9_-]{1,58}$/, 'Must be 1 to 58 of a-z, 0-9, _ and -.');

const text = (most: number) =>
  z.string().max(most).refine(isText, { message: 'Must be well-formed text without NUL.' });

const { shape } = agentConfig;

/** Without the defaults: what is absent in a change is not meant. */
const config = z
  .object({
    max_steps: shape.max_steps.unwrap(),
    temperature: shape.temperature.unwrap(),
    recovery: shape.recovery.unwrap(),
    memory: shape.memory.unwrap(),
    double_texting: shape.double_texting.unwrap(),
    again: shape.again,
    approval_timeout_s: shape.approval_timeout_s.unwrap(),
    on_approval_timeout: shape.on_approval_timeout.unwrap(),
  } satisfies Record<keyof AgentConfig, z.ZodType>)
  .partial();

/** Each with what it is for; absent keys get a default in a new agent, and stay in one that is changed. */
const fields = {
  description: text(500),
  model: text(200).min(1).nullable().openapi({ description: 'Null: the configured OPENAI_MODEL.' }),
  system_prompt: text(maxPromptChars),
  tools: z.array(z.string()).max(50).openapi({ description: 'Names of tools; 422 names those that there are.' }),
  agents: z.array(asked).max(20).openapi({ description: 'Agents that it may ask, each offered as a tool.' }),
  mcp_servers: mcpServers,
  output_schema: z
    .record(z.string(), z.unknown())
    .nullable()
    .openapi({ description: 'JSON Schema that the answer must have.' }),
  config: config.openapi({ description: 'Of a changed agent, keys that are absent stay.' }),
  enabled: z.boolean().openapi({ description: 'False: it cannot be asked.' }),
  tags: startRequest.shape.tags.unwrap(),
};

const optional = z.object(fields).partial();

export const newAgent = optional.extend({ name }).openapi('NewAgent');
export const changedAgent = optional.extend({ name: name.optional() }).openapi('ChangedAgent');

export type NewAgent = z.infer<typeof newAgent>;
export type ChangedAgent = z.infer<typeof changedAgent>;

const time = z.iso.datetime().openapi({ description: 'ISO-8601, UTC.' });

const row = {
  id: z.string(),
  name: z.string(),
  description: z.string(),
  model: z.string().nullable().openapi({ description: 'Null: the configured OPENAI_MODEL.' }),
  tools: z.array(z.string()),
  enabled: z.boolean(),
  tags: z.array(z.string()),
  created_at: time,
  updated_at: time,
};

export const agentRow = z.object(row).openapi('AgentRow');
export type AgentRow = z.infer<typeof agentRow>;

export const rowOf = (agent: DefinitionMemo): AgentRow => {
  const { name, description, model, tools, enabled, tags, created_at, updated_at } = agent;
  return { id: name, name, description, model, tools, enabled, tags, created_at, updated_at };
};

export const agentAnswer = z
  .object({
    ...row,
    system_prompt: z.string(),
    agents: z.array(z.string()),
    mcp_servers: z.array(mcpServer),
    output_schema: z.record(z.string(), z.unknown()).nullable(),
    config: agentConfig,
  })
  .openapi('Agent');
export type AgentAnswer = z.infer<typeof agentAnswer>;

export const agentList = pageOf(agentRow).openapi('AgentList');
