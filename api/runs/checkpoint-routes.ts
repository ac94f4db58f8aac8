// The routes that read checkpoints: those of a run, and one of them.
import { createRoute, z } from '@hono/zod-openapi';
import { failure, json } from '../answers.ts';
import type { Api, Core } from '../deps.ts';
import { paging } from '../page.ts';
import { checkpoint, checkpointList } from './checkpoint-shape.ts';
import { listCheckpoints, readCheckpoint } from './checkpoints.ts';
import { checkpointParam } from './fork-routes.ts';
import { runId } from './routes.ts';

const tags = ['Checkpoints'];

const list = createRoute({
  method: 'get',
  path: '/api/runs/{id}/checkpoints',
  tags,
  summary: 'List the checkpoints of a run',
  description:
    'One for each completed step and for each name that somebody gave, over all timelines, oldest first. A fork has ' +
    'those that it was served of its source, too, under ids of its own. An unknown run has none.',
  request: {
    params: runId,
    query: z.object(paging),
  },
  responses: { 200: json('A page of checkpoints', checkpointList), 422: failure(422), 503: failure(503) },
});

const listAlias = createRoute({
  ...list,
  path: '/api/checkpoints/runs/{id}/checkpoints',
  summary: 'List the checkpoints of a run (alias)',
});

const read = createRoute({
  method: 'get',
  path: '/api/checkpoints/{id}',
  tags,
  summary: 'Read a checkpoint',
  description:
    'What had been said to the model and what had been done there. It never changes, and can be read from a fork ' +
    'when the run itself has been deleted.',
  request: { params: checkpointParam },
  responses: { 200: json('The checkpoint', checkpoint), 404: failure(404), 503: failure(503) },
});

export function addCheckpoints(app: Api, deps: Core): void {
  app.openapi(list, async (c) =>
    c.json(await listCheckpoints(deps, c.req.valid('param').id, c.req.valid('query')), 200),
  );
  app.openapi(listAlias, async (c) =>
    c.json(await listCheckpoints(deps, c.req.valid('param').id, c.req.valid('query')), 200),
  );
  app.openapi(read, async (c) => c.json(await readCheckpoint(deps, c.req.valid('param').id), 200));
}
