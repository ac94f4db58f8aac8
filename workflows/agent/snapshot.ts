// What a run keeps of the agent that it was started with: who changes the agent afterwards changes no run.
import { z } from 'zod';
import type { McpServer } from '../../activities/tools/mcp/server.ts';

export interface AgentSnapshot {
  name: string;
  description: string;
  /** Null: OPENAI_MODEL. */
  model: string | null;
  system_prompt: string;
  /** Names: activities/tools/index.ts. */
  tools: string[];
  /** Each is offered to the model as a tool `agent_<name>`. */
  agents: AgentSnapshot[];
  mcp_servers: McpServer[];
  /** JSON Schema that the answer must have. */
  output_schema: Record<string, unknown> | null;
  config: AgentConfig;
}

export type AgentConfig = z.infer<typeof agentConfig>;

/** What is said to an agent that has used its turns up, and how many more it has then. */
const recovery = z.object({
  max_turns: z.int().min(1).max(100).default(5),
  message: z.string().min(1).default('Please summarize your findings.'),
});

export const agentConfig = z.object({
  max_steps: z.int().min(1).max(1000).default(10).describe('Model calls, at most.'),
  temperature: z.number().min(0).max(2).nullable().default(null),
  recovery: recovery.nullable().default(null).describe('A last message and some more turns when max_steps is reached.'),
  memory: z
    .object({ messages: z.int().min(0).max(1000).default(20), tokens: z.int().min(0).max(1_000_000).default(4000) })
    .prefault({})
    .describe('What an agent remembers of a session, at most.'),
  double_texting: z
    .enum(['queue', 'interrupt', 'reject'])
    .default('queue')
    .describe('What becomes of a message to an agent that is at work.'),
  again: z
    .record(z.string(), z.enum(['reuse', 'reexecute', 'ask']))
    .optional()
    .describe(
      'By tool: what a fork makes of a call that was made already. Absent: `ask` for what changes something outside.',
    ),
  approval_timeout_s: z.number().positive().max(31_536_000).nullable().default(null).describe('Null: it waits.'),
  on_approval_timeout: z.enum(['reject', 'approve', 'fail']).default('reject'),
});

/** A new one each time: this module is shared by runs. */
export const defaultConfig = (): AgentConfig => agentConfig.parse({});

const offer = {
  name: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,32}$/, { error: 'a-z, A-Z, 0-9, _ and -, at most 32.' })
    .describe('Its tools are called <name>__<tool>.'),
  tools: z.array(z.string().min(1).max(200)).max(100).optional().describe('Those that are offered; absent: all.'),
  approval: z.enum(['always', 'never']).optional().describe('`always`: a person is asked before each call.'),
  effect: z
    .enum(['none', 'idempotent', 'external'])
    .optional()
    .describe('What its tools change outside, whatever the server says of them.'),
};
const text = z
  .string()
  .max(8192)
  .regex(/^[^\0]*$/, { error: 'Without NUL.' });

export const mcpServer: z.ZodType<McpServer> = z.discriminatedUnion('kind', [
  z.object({
    ...offer,
    kind: z.literal('stdio'),
    command: text.min(1).describe('Only what MCP_COMMANDS of the worker lists.'),
    args: z.array(text).max(100).default([]),
    env: z
      .record(z.string().regex(/^[^=\0]+$/), text)
      .optional()
      .describe('All of its environment, beside PATH.'),
  }),
  z.object({
    ...offer,
    kind: z.literal('http'),
    url: text.min(1),
    headers: z
      .record(
        z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
        z
          .string()
          .regex(/^[\t\x20-\x7e]*$/)
          .max(8192),
      )
      .optional(),
  }),
]);

/** A server's name is the beginning of its tools' names. */
export const mcpServers = z
  .array(mcpServer)
  .max(20)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: 'Two servers have one name.' });

/** As an agent's tool, `agent_<name>`, a model takes one of at most 58: the API sees to that. */
export const agentName = z.string().regex(/^[a-z0-9_-]{1,64}$/, { error: 'a-z, 0-9, _ and -, at most 64.' });

const fields = {
  name: agentName,
  description: z.string().max(1000).default(''),
  model: z.string().min(1).nullable().default(null),
  system_prompt: z.string().default(''),
  tools: z.array(z.string()).max(100).default([]),
  mcp_servers: mcpServers.default([]),
  output_schema: z.record(z.string(), z.unknown()).nullable().default(null),
  config: agentConfig.prefault({}),
};

/** Agents may have agents, and those too; deeper there are none. */
const leaf = z.object({ ...fields, agents: z.array(z.never()).max(0).default([]) });
const deepest = z.object({ ...fields, agents: z.array(leaf).max(20).default([]) });
const middle = z.object({ ...fields, agents: z.array(deepest).max(20).default([]) });

export const agentSnapshot = z.object({ ...fields, agents: z.array(middle).max(20).default([]) });
