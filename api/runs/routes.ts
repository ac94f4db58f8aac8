// The routes of runs: list, read, wait for, delete.
import { createRoute, z } from '@hono/zod-openapi';
import { failure, json } from '../answers.ts';
import { withDeadline } from '../deadline.ts';
import type { Api, Core } from '../deps.ts';
import { paging, whole } from '../page.ts';
import { requireRun } from './describe.ts';
import { createListRuns } from './list.ts';
import { readRun } from './read.ts';
import { removeRun } from './remove.ts';
import { awaitResult } from './result.ts';
import { outcome, run, runList } from './shape.ts';
import { statuses } from './status.ts';

export const runId = z.object({ id: z.string().openapi({ description: "The run's id." }) });

const list = createRoute({
  method: 'get',
  path: '/api/runs',
  tags: ['Runs'],
  summary: 'List runs, newest first',
  description:
    'With the exact total. `queued` and `running` as filters both find the open runs that are neither paused nor ' +
    'waiting; each row tells which of the two it is.',
  request: {
    query: z.object({
      agent_id: z.string().optional(),
      user_id: z.string().optional(),
      session_id: z.string().optional(),
      owner: z.string().optional().openapi({ description: 'For those who see all: only the runs of this one.' }),
      workflow: z.string().optional(),
      status: z.enum(statuses).optional(),
      tag: z.string().optional(),
      problem: z
        .literal('true')
        .optional()
        .openapi({ description: 'Only runs that cannot proceed though they are open.' }),
      ...paging,
    }),
  },
  responses: { 200: json('A page of runs', runList), 422: failure(422), 503: failure(503) },
});

const read = createRoute({
  method: 'get',
  path: '/api/runs/{id}',
  tags: ['Runs'],
  summary: 'Read a run',
  description: 'Its status, steps, result, usage and lineage. No worker is needed.',
  request: { params: runId },
  responses: { 200: json('The run', run), 404: failure(404), 503: failure(503) },
});

const result = createRoute({
  method: 'get',
  path: '/api/runs/{id}/result',
  tags: ['Runs'],
  summary: 'Wait for the end of a run',
  description: 'Answers the moment the run ends, in whatever way: `status` tells. 408 when it has not in time.',
  request: { params: runId, query: z.object({ timeout: whole(1, 300, 30).openapi({ description: 'Seconds.' }) }) },
  responses: {
    200: json('The end', outcome),
    404: failure(404),
    408: failure(408),
    422: failure(422),
    503: failure(503),
  },
});

const remove = createRoute({
  method: 'delete',
  path: '/api/runs/{id}',
  tags: ['Runs'],
  summary: 'Delete an ended run',
  description: 'With the histories of all its timelines.',
  request: { params: runId },
  responses: { 204: { description: 'Deleted' }, 404: failure(404), 409: failure(409), 503: failure(503) },
});

export function addRuns(app: Api, deps: Core): void {
  const listRuns = createListRuns(deps);

  app.openapi(list, async (c) => {
    const { limit, offset, problem, ...filter } = c.req.valid('query');
    return c.json(await listRuns({ ...filter, ...(problem && { problem: true }) }, { limit, offset }), 200);
  });

  app.openapi(read, async (c) => c.json(await readRun(deps, c.req.valid('param').id), 200));

  app.openapi(result, async (c) => {
    const { id } = c.req.valid('param');
    await withDeadline(deps, () => requireRun(deps, id));
    return c.json(await awaitResult(deps, id, c.req.valid('query').timeout, c.req.raw.signal), 200);
  });

  app.openapi(remove, async (c) => {
    await removeRun(deps, c.req.valid('param').id);
    return c.body(null, 204);
  });
}
