// The route that compares two runs.
import { createRoute, z } from '@hono/zod-openapi';
import { failure, json } from '../answers.ts';
import type { Api, Core } from '../deps.ts';
import { compareRuns } from './compare.ts';
import { comparison } from './compare-shape.ts';

const compare = createRoute({
  method: 'get',
  path: '/api/runs/compare',
  tags: ['Runs'],
  summary: 'Compare two runs',
  description:
    'How many first steps both have from the same history (of a run and its fork: those up to the checkpoint), and ' +
    'then both, step by step: what was asked and answered, cost, time.',
  request: {
    query: z.object({
      a: z.string().min(1).openapi({ description: "A run's id." }),
      b: z.string().min(1).openapi({ description: "The other run's id." }),
    }),
  },
  responses: { 200: json('Both, side by side', comparison), 404: failure(404), 422: failure(422), 503: failure(503) },
});

/** To be added before the routes of one run: `compare` is not the id of one. */
export function addCompare(app: Api, deps: Core): void {
  app.openapi(compare, async (c) => c.json(await compareRuns(deps, c.req.valid('query')), 200));
}
