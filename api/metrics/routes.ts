// The routes of metrics: of one agent, and of all.
import { createRoute, z } from '@hono/zod-openapi';
import { failure, json } from '../answers.ts';
import type { Api, Core } from '../deps.ts';
import { createVisibility } from '../runs/visibility.ts';
import { agentMetrics } from './agent.ts';
import type { Sampling } from './sample.ts';
import { agentMetrics as agentAnswer, metricsQuery, systemMetrics as systemAnswer } from './shape.ts';
import { systemMetrics } from './system.ts';
import { createTokens } from './tokens.ts';

const tags = ['Metrics'];

const ofAgent = createRoute({
  method: 'get',
  path: '/api/metrics/agents/{id}',
  tags,
  summary: "The figures of an agent's runs",
  description:
    'Of the runs created in a time; a restored run is one. Those of a deleted agent can be read as long as it has runs.',
  request: { params: z.object({ id: z.string().openapi({ description: "The agent's name." }) }), query: metricsQuery },
  responses: { 200: json('The figures', agentAnswer), 404: failure(404), 422: failure(422), 503: failure(503) },
});

const ofSystem = createRoute({
  method: 'get',
  path: '/api/metrics/system',
  tags,
  summary: 'The figures of all runs',
  responses: { 200: json('The figures', systemAnswer), 503: failure(503) },
});

export function addMetrics(app: Api, deps: Core): void {
  const sampling: Sampling = { deps, visibility: createVisibility(deps), tokens: createTokens(deps) };

  app.openapi(ofAgent, async (c) => {
    const { start_time: from, end_time: to } = c.req.valid('query');
    return c.json(await agentMetrics(sampling, c.req.valid('param').id, { from, to }), 200);
  });

  app.openapi(ofSystem, async (c) => c.json(await systemMetrics(sampling), 200));
}
