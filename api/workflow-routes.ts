// The route of the catalogue.
import { createRoute, z } from '@hono/zod-openapi';
import { json } from './answers.ts';
import { list } from './catalogue.ts';
import type { Api, ApiDeps } from './deps.ts';

const workflow = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    input_schema: z.record(z.string(), z.unknown()).openapi({ description: 'JSON Schema of the input.' }),
    takes_messages: z.boolean().openapi({ description: 'POST /api/runs/{id}/message says something to its runs.' }),
  })
  .openapi('Workflow');

const workflows = createRoute({
  method: 'get',
  path: '/api/workflows',
  tags: ['Workflows'],
  summary: 'The workflows that can be started',
  responses: {
    200: json('The catalogue', z.object({ total: z.number(), items: z.array(workflow) }).openapi('Catalogue')),
  },
});

export function addWorkflows(app: Api, { catalogue }: ApiDeps): void {
  const items = list(catalogue);
  app.openapi(workflows, (c) => c.json({ total: items.length, items }, 200));
}
