// The route that starts a run.
import { createRoute, z } from '@hono/zod-openapi';
import { failure, json } from '../answers.ts';
import { limitDepth } from '../body.ts';
import { withDeadline } from '../deadline.ts';
import type { Api, Core } from '../deps.ts';
import { sendStart } from '../events-answer.ts';
import { wantsStream } from '../media.ts';
import { readStatus } from './progress.ts';
import { uiLink } from './read.ts';
import { idempotencyKey, startRequest } from './request.ts';
import { started } from './shape.ts';
import { type Started, startRun } from './start.ts';

const start = createRoute({
  method: 'post',
  path: '/api/workflows/{name}/runs',
  tags: ['Runs'],
  summary: 'Start a run',
  description:
    'Answers at once; no worker is needed for that. With `Accept: text/event-stream` the answer is the run itself, as ' +
    'an event stream. With `Idempotency-Key`, the same key and request give the same run for as long as its history is kept.',
  middleware: [limitDepth] as const,
  request: {
    params: z.object({ name: z.string().openapi({ description: 'Of the catalogue: GET /api/workflows.' }) }),
    headers: z.object({ 'idempotency-key': idempotencyKey }),
    body: { required: true, content: { 'application/json': { schema: startRequest } } },
  },
  responses: {
    202: {
      ...json('Accepted', started),
      headers: z.object({ Location: z.string().openapi({ description: "The run's address." }) }),
    },
    200: { description: 'The event stream of the run', content: { 'text/event-stream': { schema: z.string() } } },
    400: failure(400),
    404: failure(404),
    409: failure(409),
    413: failure(413),
    415: failure(415),
    422: failure(422),
    503: failure(503),
  },
});

export function addStarting(app: Api, deps: Core): void {
  app.openapi(start, async (c) => {
    const { name } = c.req.valid('param');
    const begun = await startRun(deps, {
      workflow: name,
      request: c.req.valid('json'),
      key: c.req.valid('header')['idempotency-key'],
    });
    c.header('Location', urlOf(begun.id));
    if (wantsStream(c)) return sendStart(deps, c, begun);
    return c.json(await startedAnswer(deps, name, begun), 202);
  });
}

const urlOf = (id: string): string => `/api/runs/${encodeURIComponent(id)}`;

async function startedAnswer(deps: Core, workflow: string, begun: Started) {
  const { id } = begun;
  const status = begun.kind === 'new' ? 'queued' : await withDeadline(deps, () => readStatus(deps, begun.run));
  return {
    run_id: id,
    workflow,
    status,
    url: urlOf(id),
    events_url: `${urlOf(id)}/events`,
    temporal_ui: uiLink(deps, id),
  };
}
