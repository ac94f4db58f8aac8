// The routes of agents: list, read, make, change, delete.
import { createRoute, z } from '@hono/zod-openapi';
import type { AgentDefinition } from '../../workflows/definition.ts';
import { failure, json } from '../answers.ts';
import { limitDepth } from '../body.ts';
import type { Api, Core } from '../deps.ts';
import { paging } from '../page.ts';
import { withoutSecretsOfAgent } from '../events/secrets.ts';
import { createAgentChanges, requireAgent } from './change.ts';
import { listAgents } from './list.ts';
import { type AgentAnswer, agentAnswer, agentList, changedAgent, newAgent, rowOf } from './shape.ts';

const agentId = z.object({ id: z.string().openapi({ description: "The agent's name." }) });
const tags = ['Agents'];
const body = <T extends z.ZodType>(schema: T) => ({ required: true, content: { 'application/json': { schema } } });
const wrongBody = { 400: failure(400), 413: failure(413), 415: failure(415), 422: failure(422), 503: failure(503) };

const list = createRoute({
  method: 'get',
  path: '/api/agents',
  tags,
  summary: 'List agents by name',
  request: {
    query: z.object({
      tag: z.string().optional(),
      ...paging,
    }),
  },
  responses: { 200: json('A page of agents', agentList), 422: failure(422), 503: failure(503) },
});

const read = createRoute({
  method: 'get',
  path: '/api/agents/{id}',
  tags,
  summary: 'Read an agent',
  request: { params: agentId },
  responses: { 200: json('The agent', agentAnswer), 404: failure(404), 409: failure(409), 503: failure(503) },
});

const create = createRoute({
  method: 'post',
  path: '/api/agents',
  tags,
  summary: 'Make an agent',
  description: 'What is left out gets a default. No worker is needed.',
  middleware: [limitDepth] as const,
  request: { body: body(newAgent) },
  responses: { 201: json('The agent', agentAnswer), 409: failure(409), ...wrongBody },
});

const change = createRoute({
  method: 'put',
  path: '/api/agents/{id}',
  tags,
  summary: 'Change an agent',
  description: 'What is left out stays. Runs that have begun keep the agent that they began with.',
  middleware: [limitDepth] as const,
  request: { params: agentId, body: body(changedAgent) },
  responses: { 200: json('The agent', agentAnswer), 404: failure(404), 409: failure(409), ...wrongBody },
});

const remove = createRoute({
  method: 'delete',
  path: '/api/agents/{id}',
  tags,
  summary: 'Delete an agent',
  description: 'Its runs stay. One that came with the program is not brought back.',
  request: { params: agentId },
  responses: { 204: { description: 'Deleted' }, 404: failure(404), 503: failure(503) },
});

export function addAgents(app: Api, deps: Core): void {
  const changes = createAgentChanges(deps);

  app.openapi(list, async (c) => {
    const { tag, limit, offset } = c.req.valid('query');
    return c.json(await listAgents(deps, tag, { limit, offset }), 200);
  });

  app.openapi(read, async (c) => {
    const { definition } = await requireAgent(deps, c.req.valid('param').id);
    return c.json(answer(definition), 200);
  });

  app.openapi(create, async (c) => {
    const agent = await changes.create(c.req.valid('json'));
    return c.json(answer(agent), 201, { Location: `/api/agents/${agent.name}` });
  });

  app.openapi(change, async (c) =>
    c.json(answer(await changes.change(c.req.valid('param').id, c.req.valid('json'))), 200),
  );

  app.openapi(remove, async (c) => {
    await changes.remove(c.req.valid('param').id);
    return c.body(null, 204);
  });
}

function answer(agent: AgentDefinition): AgentAnswer {
  const { system_prompt, agents, mcp_servers, output_schema, config } = withoutSecretsOfAgent(agent);
  return { ...rowOf(agent), system_prompt, agents, mcp_servers, output_schema, config };
}
