// The routes of flows: every workflow of the catalogue, as the system that this door stands for had its own.
import { z } from '@hono/zod-openapi';
import { failure, json } from '../../answers.ts';
import { isTooDeep, tooDeep } from '../../body.ts';
import { type Entry, find, schemaOf } from '../../catalogue.ts';
import type { Api, Core } from '../../deps.ts';
import { ofZod } from '../../envelope.ts';
import { wrongFields } from '../../errors.ts';
import { whole } from '../../page.ts';
import { createListRuns } from '../../runs/list.ts';
import { startRun } from '../../runs/start.ts';
import { executePath, executionPath, executionsPath } from './endpoints.ts';
import { executionNotFound, readExecution } from './execution.ts';
import { createListExecutions } from './list.ts';
import { byKebab, flowName } from './name.ts';
import { accepted, type Accepted, execution, flowStatuses } from './shape.ts';
import { createToldExecutions } from './told.ts';

const query = z.object({
  flow_name: z.string().optional(),
  status: z.enum(flowStatuses).optional(),
  limit: whole(1, 1000, 100),
});

export function addFlows(app: Api, deps: Core): void {
  const told = createToldExecutions(() => deps.owner(), deps.clock);
  const listExecutions = createListExecutions(deps, createListRuns(deps, 0), told);
  const workflows = byKebab(Object.keys(deps.catalogue));
  const bySnake = new Map([...workflows.values()].map((workflow) => [flowName(workflow).snake, workflow]));

  for (const [kebab, workflow] of workflows) {
    const entry = find(deps.catalogue, workflow);
    if (!entry) continue;
    describeFlow(app, kebab, entry);
    const { words } = flowName(workflow);

    app.post(executePath(kebab), async (c) => {
      const input = await checked(entry, await c.req.text());
      const { id } = await startRun(deps, { workflow, request: { input } });
      told.add(id, workflow);
      const message = `${words} execution initiated with ID: ${id}`;
      return c.json({ execution_id: id, status: 'pending', message } satisfies Accepted, 200);
    });

    app.get(executionPath(kebab, ':id'), async (c) => {
      const id = c.req.param('id') ?? '';
      const found = await readExecution(deps, id);
      if (found.flow_name !== flowName(workflow).snake) throw executionNotFound(id);
      told.add(id, workflow);
      return c.json(found, 200);
    });
  }

  describeList(app);
  app.get(executionsPath, async (c) => {
    const { success, data, error } = query.safeParse(c.req.query());
    if (!success) throw wrongFields(...ofZod(error, 'query'));
    const { flow_name, status, limit } = data;
    const workflow = flow_name === undefined ? undefined : bySnake.get(flow_name);
    if (flow_name !== undefined && workflow === undefined) return c.json([], 200);
    return c.json(await listExecutions({ workflow, status, limit }), 200);
  });
}

/** Clients of this door read whatever is wrong with a body as 422. */
async function checked(entry: Entry, text: string): Promise<unknown> {
  const body = text.trim() === '' ? {} : parsed(text);
  if (body === null) throw wrongFields({ loc: ['body'], msg: 'Must be a JSON object.', type: 'invalid_type' });
  const { error } = await entry.input.safeParseAsync(body);
  if (error) throw wrongFields(...ofZod(error, 'json'));
  return body;
}

function parsed(text: string): unknown {
  if (isTooDeep(text)) throw wrongFields({ loc: ['body'], msg: tooDeep, type: 'invalid_json' });
  try {
    return JSON.parse(text);
  } catch {
    throw wrongFields({ loc: ['body'], msg: 'The body is not JSON.', type: 'invalid_json' });
  }
}

function describeFlow(app: Api, kebab: string, entry: Entry): void {
  const { $schema: _, ...schema } = schemaOf(entry);
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: executePath(kebab),
    tags: [kebab],
    operationId: `execute_${kebab}`,
    summary: `Execute ${kebab}`,
    description: entry.description ?? entry.input.description ?? '',
    request: { body: { required: true, content: { 'application/json': { schema } } } },
    responses: { 200: json('Initiated', accepted), 413: failure(413), 422: failure(422), 503: failure(503) },
  });
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: executionPath(kebab),
    tags: [kebab],
    operationId: `execution_${kebab}`,
    summary: `Read an execution of ${kebab}`,
    request: { params: z.object({ id: z.string().openapi({ description: 'execution_id' }) }) },
    responses: { 200: json('The execution', execution), 404: failure(404), 503: failure(503) },
  });
}

function describeList(app: Api): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: executionsPath,
    tags: ['Executions'],
    summary: 'List the executions of all flows, newest first',
    request: { query },
    responses: { 200: json('Executions', z.array(execution)), 422: failure(422), 503: failure(503) },
  });
}
