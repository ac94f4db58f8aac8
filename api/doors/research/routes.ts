// The routes of research tasks and of activities, as the system that this door stands for had them.
import { createRoute, z } from '@hono/zod-openapi';
import { content, json } from '../../answers.ts';
import { limitDepth } from '../../body.ts';
import type { Api, Core } from '../../deps.ts';
import { whole } from '../../page.ts';
import { createActivities, messageOf } from './activity.ts';
import { createCleanup } from './cleanup.ts';
import { found, paths } from './guard.ts';
import { createListActivities } from './list.ts';
import { resultOf } from './result.ts';
import * as shape from './shape.ts';
import { createStarts } from './start.ts';
import { addSocket } from './socket-route.ts';

const agentId = z.object({ agent_id: z.string() });
const tasks = ['Research tasks'];
const activities = ['Activities'];
const { failure } = shape;
const unavailable = failure('Temporal does not answer: Retry-After says when to try again');
const unprocessable = failure('A field is wrong: detail names it');
const notFound = failure('Not found');

const create = createRoute({
  method: 'post',
  path: paths.create,
  tags: tasks,
  summary: 'Create Research Task',
  description: 'Queue a new company research task for AI agent processing.',
  middleware: [limitDepth] as const,
  request: { body: { required: true, content: content(shape.taskRequest) } },
  responses: {
    200: json('Task queued successfully', shape.taskResponse),
    400: failure('The body is not JSON'),
    413: failure('Body over 1 MiB'),
    415: failure('Body not sent as JSON'),
    422: unprocessable,
    429: failure('Rate limit exceeded'),
    503: unavailable,
  },
});

const status = createRoute({
  method: 'get',
  path: paths.status,
  tags: tasks,
  summary: 'Get Task Status',
  description: 'Get the status of a task.',
  request: { params: agentId },
  responses: { 200: json('The status', shape.statusResponse), 404: notFound, 503: unavailable },
});

const result = createRoute({
  method: 'get',
  path: paths.result,
  tags: tasks,
  summary: 'Get Task Result',
  description: 'Get the result of a completed task. Waits up to `timeout` seconds for the task to complete.',
  request: { params: agentId, query: z.object({ timeout: whole(1, 300, 30) }) },
  responses: {
    200: json('The result', shape.resultResponse),
    404: notFound,
    408: failure('Not completed in the time asked for'),
    409: failure('The task failed or was canceled: status tells which'),
    422: unprocessable,
    503: unavailable,
  },
});

const list = createRoute({
  method: 'get',
  path: paths.activities,
  tags: activities,
  summary: 'List Activities',
  description:
    'List all activities with pagination. What runs comes first, then what is queued, then the rest; the newest first.',
  request: { query: z.object({ page: whole(1, 1_000_000_000, 1), page_size: whole(1, 100, 20) }) },
  responses: { 200: json('A page of activities', shape.activityList), 422: unprocessable, 503: unavailable },
});

const read = createRoute({
  method: 'get',
  path: paths.activity,
  tags: activities,
  summary: 'Get Activity Detail',
  description: 'Get detailed activity with full log history.',
  request: { params: agentId },
  responses: { 200: json('The activity', shape.activityDetail), 404: notFound, 503: unavailable },
});

const cleanup = createRoute({
  method: 'post',
  path: paths.cleanup,
  tags: activities,
  summary: 'Trigger Cleanup',
  description: 'Trigger cleanup of old activities: runs of every workflow that ended more than CLEANUP_AFTER_DAYS ago.',
  responses: { 200: json('It goes on in the background', shape.cleanupResponse) },
});

export function addResearch(app: Api, deps: Core): void {
  const told = createActivities(deps);
  const listActivities = createListActivities(deps, told);
  const start = createStarts(deps);
  const cleanUp = createCleanup(deps);

  app.openapi(create, async (c) => c.json(await start(c, c.req.valid('json')), 200));

  app.openapi(status, async (c) => {
    const task = await found('Task', () => told.read(c.req.valid('param').agent_id));
    const { agent_id, status, progress } = task;
    return c.json({ agent_id, status, progress, message: messageOf(task) }, 200);
  });

  app.openapi(result, async (c) => {
    const { agent_id } = c.req.valid('param');
    const wanted = { id: agent_id, seconds: c.req.valid('query').timeout, left: c.req.raw.signal };
    return c.json({ agent_id, result: await found('Result', () => resultOf(deps, wanted)) }, 200);
  });

  app.openapi(list, async (c) => {
    const { page, page_size } = c.req.valid('query');
    const { items, ...rest } = await listActivities(page, page_size);
    const rows = items.map((activity) => {
      const { agent_id, task_type, status, progress, updated_at } = activity;
      return { agent_id, task_type, status, progress, message: messageOf(activity), updated_at };
    });
    return c.json({ items: rows, ...rest }, 200);
  });

  app.openapi(read, async (c) => c.json(await found('Activity', () => told.read(c.req.valid('param').agent_id)), 200));

  app.openapi(cleanup, (c) => {
    void cleanUp();
    return c.json({ message: 'Cleanup scheduled' } as const, 200);
  });

  addSocket(app, deps, told);
}
