// The OpenAPI document: every route, and for each workflow its own way to be started with its own input.
import { describeAuth } from './auth/openapi.ts';
import { find, schemaOf } from './catalogue.ts';
import type { Api, ApiDeps } from './deps.ts';
import { json } from './answers.ts';
import { started } from './runs/shape.ts';

export function addOpenApi(app: Api, deps: ApiDeps): void {
  for (const name of Object.keys(deps.catalogue)) describeStart(app, deps, name);
  describeAuth(app, deps);
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Waymark',
      version: deps.config.version,
      description: 'Durable agent runs: watched, paused, resumed, cancelled and forked while they run.',
    },
    servers: [{ url: '/' }],
  });
  app.get('/openapi.json', (c) => c.json(document));
}

/** The document alone: the route itself is POST /api/workflows/{name}/runs. */
function describeStart(app: Api, { catalogue }: ApiDeps, name: string): void {
  const entry = find(catalogue, name);
  if (!entry) return;
  const { $schema: _, ...input } = schemaOf(entry);
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: `/api/workflows/${name}/runs`,
    tags: ['Workflows'],
    operationId: `start_${name}`,
    summary: `Start ${name}`,
    description: entry.description ?? entry.input.description ?? '',
    request: {
      body: {
        required: true,
        content: { 'application/json': { schema: { type: 'object', required: ['input'], properties: { input } } } },
      },
    },
    responses: { 202: json('Accepted', started) },
  });
}
