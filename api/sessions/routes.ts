// The routes of sessions: list, read, delete, and which branch they go on from.
import { createRoute, z } from '@hono/zod-openapi';
import { failure, json } from '../answers.ts';
import { ownerOf } from '../auth/owner.ts';
import type { Api, Core } from '../deps.ts';
import { paging } from '../page.ts';
import { createListRuns } from '../runs/list.ts';
import { runId } from '../runs/routes.ts';
import { listSessions } from './list.ts';
import { promoteRun } from './promote.ts';
import { readSession, sessionNotFound } from './read.ts';
import { removeSession } from './remove.ts';
import { promoted, rowOf, sessionAnswer, sessionList } from './shape.ts';

const sessionId = z.object({ id: z.string().openapi({ description: "The session's id." }) });
const owner = z
  .string()
  .optional()
  .openapi({ description: 'For those who see all, when several have a session of this name: whose.' });
const tags = ['Sessions'];

const list = createRoute({
  method: 'get',
  path: '/api/sessions',
  tags,
  summary: 'List sessions',
  description: 'Those that began last first.',
  request: {
    query: z.object({
      agent_id: z.string().optional(),
      user_id: z.string().optional(),
      ...paging,
    }),
  },
  responses: { 200: json('A page of sessions', sessionList), 422: failure(422), 503: failure(503) },
});

const read = createRoute({
  method: 'get',
  path: '/api/sessions/{id}',
  tags,
  summary: 'Read a session',
  description: 'With its runs, in their order.',
  request: { params: sessionId, query: z.object({ owner }) },
  responses: { 200: json('The session', sessionAnswer), 404: failure(404), 503: failure(503) },
});

const remove = createRoute({
  method: 'delete',
  path: '/api/sessions/{id}',
  tags,
  summary: 'Delete a session',
  description: 'What it remembers is forgotten. Its runs stay, unless `runs=true`. Refused while a turn is open.',
  request: {
    params: sessionId,
    query: z.object({ owner, runs: z.enum(['true', 'false']).optional().openapi({ description: 'Its runs, too.' }) }),
  },
  responses: {
    204: { description: 'Deleted' },
    404: failure(404),
    409: failure(409),
    422: failure(422),
    503: failure(503),
  },
});

const promote = createRoute({
  method: 'post',
  path: '/api/runs/{id}/promote',
  tags,
  summary: "Make a branch its session's head",
  description:
    'The run is one of the session, or a fork of one. What is said next in the session goes on from its conversation.',
  request: { params: runId },
  responses: { 200: json('The head', promoted), 404: failure(404), 409: failure(409), 503: failure(503) },
});

const mostRuns = 100;

const ownerIn = ({ owner: name }: { owner?: string }): string | undefined =>
  name === undefined ? undefined : ownerOf(name);

export function addSessions(app: Api, deps: Core): void {
  const listRuns = createListRuns(deps);

  app.openapi(list, async (c) => {
    const { limit, offset, ...filter } = c.req.valid('query');
    return c.json(await listSessions(deps, filter, { limit, offset }), 200);
  });

  app.openapi(read, async (c) => {
    const { id } = c.req.valid('param');
    const session = await readSession(deps, id, ownerIn(c.req.valid('query')));
    if (!session) throw sessionNotFound(id);
    const of = { session_id: id, ...(session.owner !== null && { owner: session.owner }) };
    const { items } = await listRuns(of, { limit: mostRuns, offset: 0 });
    const runs = items.filter(({ session_id, owner }) => session_id === id && owner === session.owner);
    return c.json({ ...rowOf(session), runs: runs.toReversed() }, 200);
  });

  app.openapi(remove, async (c) => {
    const { runs } = c.req.valid('query');
    await removeSession(deps, c.req.valid('param').id, runs === 'true', ownerIn(c.req.valid('query')));
    return c.body(null, 204);
  });

  app.openapi(promote, async (c) => {
    const { id } = c.req.valid('param');
    const session_id = await promoteRun(deps, id);
    const message = `Run '${id}' is the head of session '${session_id}'`;
    return c.json({ run_id: id, session_id, head: id, message }, 200);
  });
}
