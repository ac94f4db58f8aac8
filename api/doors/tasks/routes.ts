// The routes of tasks: Python programs from plain words, as the system that this door stands for had them.
import { type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { json } from '../../answers.ts';
import { limitBodyTo, limitDepth } from '../../body.ts';
import type { Api, ApiEnv, Core } from '../../deps.ts';
import { ofZod } from '../../envelope.ts';
import { ApiError, wrongFields } from '../../errors.ts';
import { paging } from '../../page.ts';
import { createTask, parseBody } from './create.ts';
import { begin } from './end.ts';
import { createPath, runPath } from './guard.ts';
import { addHello } from './hello.ts';
import { readCall, runTask } from './run.ts';
import { begun, createBody, created, failure, ran, runBody, task, taskList, taskRowOf } from './shape.ts';

/** Of a run: data sets come in it. */
const maxRunBytes = 32 * 1024 * 1024;

const tags = ['Tasks'];
const task_id = z.object({ task_id: z.string() });
const page = z.object(paging);
const wait = z.object({ wait: z.enum(['true', 'false']).optional() });
const body = (schema: z.ZodType) => ({ required: true, content: { 'application/json': { schema } } });

const unready = failure('No sandbox, or no worker, or Temporal does not answer: Retry-After says when to try again');
const notFound = failure('No such task');

const routes = {
  create: {
    method: 'post',
    path: '/api/task/create',
    tags,
    summary: 'Create a task from plain words',
    description: 'A model writes a Python function; what it answers is checked, and asked again at most twice.',
    request: { body: body(createBody) },
    responses: {
      200: json('Created', created),
      400: failure('What is asked is incomplete'),
      413: failure('Body over 1 MiB'),
      422: failure('It needs packages that are not there'),
      502: failure('The model failed, or gave nothing usable'),
      503: unready,
    },
  },
  run: {
    method: 'post',
    path: '/api/task/{task_id}/run',
    tags,
    summary: 'Run a task',
    description: 'Waits for its end; with `wait=false` only starts it. The body may have 32 MiB.',
    request: { params: task_id, query: wait, body: body(runBody) },
    responses: {
      200: json('Its result', ran),
      202: json('Started', begun),
      400: failure('The body is not JSON'),
      404: notFound,
      413: failure('Body over 32 MiB'),
      422: failure('The inputs are not as declared, or the program failed'),
      503: unready,
    },
  },
  list: {
    method: 'get',
    path: '/api/tasks',
    tags,
    summary: 'List tasks',
    description: 'Oldest first.',
    request: { query: page },
    responses: { 200: json('A page of tasks', taskList), 422: failure('A field is wrong: detail names it') },
  },
  read: {
    method: 'get',
    path: '/api/task/{task_id}',
    tags,
    summary: 'Read a task',
    request: { params: task_id },
    responses: { 200: json('The task', task), 404: notFound },
  },
  remove: {
    method: 'delete',
    path: '/api/task/{task_id}',
    tags,
    summary: 'Delete a task',
    request: { params: task_id },
    responses: { 204: { description: 'Deleted' }, 404: notFound },
  },
} satisfies Record<string, RouteConfig>;

/** Bodies and queries are read here: this door has its own words for what is wrong with them. */
export function addTasks(app: Api, deps: Core): void {
  addHello(app);
  for (const route of Object.values(routes)) app.openAPIRegistry.registerPath(route);

  app.post(createPath, limitDepth, async (c) =>
    c.json(await createTask(deps, parseBody(await c.req.text()), c.req.raw.signal), 200),
  );

  app.post(runPath, limitBodyTo(maxRunBytes), async (c) => {
    const waits = query(c, wait).wait !== 'false';
    const fn = await deps.functions.read(c.req.param('task_id'));
    if (!fn) throw taskNotFound(c.req.param('task_id'));
    const call = readCall(fn, parseBody(await c.req.text()));
    if (waits) return c.json(await runTask(deps, call, c.req.raw.signal), 200);
    const run_id = await begin(deps, 'run_function', call);
    return c.json({ run_id }, 202, { Location: `/api/runs/${run_id}` });
  });

  app.get('/api/tasks', async (c) => {
    const wanted = query(c, page);
    const { total, items } = await deps.functions.list(wanted);
    return c.json({ total, items: items.map(taskRowOf), ...wanted }, 200);
  });

  app.get('/api/task/:task_id', async (c) => {
    const id = c.req.param('task_id');
    const found = await deps.functions.read(id);
    if (!found) throw taskNotFound(id);
    return c.json({ ...taskRowOf(found), code: found.code }, 200);
  });

  app.delete('/api/task/:task_id', async (c) => {
    const id = c.req.param('task_id');
    if (!(await deps.functions.remove(id))) throw taskNotFound(id);
    return c.body(null, 204);
  });
}

function query<T extends z.ZodType>(c: Context<ApiEnv>, schema: T): z.infer<T> {
  const parsed = schema.safeParse(c.req.query());
  if (parsed.success) return parsed.data;
  throw wrongFields(...ofZod(parsed.error, 'query'));
}

const taskNotFound = (id: string): ApiError => new ApiError(404, 'task_not_found', `Task '${id}' not found`);
