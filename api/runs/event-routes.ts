// The routes of a run's events: JSON pages, server-sent events, WebSocket.
import { createRoute, z } from '@hono/zod-openapi';
import { upgradeWebSocket } from '@hono/node-server';
import { WebSocket } from 'ws';
import { failure } from '../answers.ts';
import { longRead, withDeadline } from '../deadline.ts';
import type { Api, Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { sendFrames } from '../events/socket.ts';
import { sendEvents, subscribe } from '../events-answer.ts';
import { wantsStream } from '../media.ts';
import { paging, whole } from '../page.ts';
import { requireRun } from './describe.ts';
import { runId } from './routes.ts';

const frame = z
  .object({ id: z.string(), type: z.string(), timestamp: z.string(), data: z.record(z.string(), z.unknown()) })
  .openapi('Event');

const page = z.object({ run_id: z.string(), total: z.number(), events: z.array(frame) }).openapi('EventPage');

const lastEventId = z
  .string()
  .optional()
  .openapi({ description: 'The id of the last event that was received: the stream goes on right after it.' });

const events = createRoute({
  method: 'get',
  path: '/api/runs/{id}/events',
  tags: ['Events'],
  summary: "Read or follow a run's events",
  description:
    'JSON by default, one page. With `Accept: text/event-stream` everything from the beginning, then live with the ' +
    'tokens of the model, until the run ends; `Last-Event-ID` (or `?last_event_id=`) resumes exactly. GET ' +
    '/api/runs/{id}/ws gives the same events over a WebSocket, each a JSON message like one of the page.',
  request: {
    params: runId,
    headers: z.object({ 'last-event-id': lastEventId }),
    query: z.object({
      offset: paging.offset,
      limit: whole(1, 1000, 100),
      last_event_id: lastEventId,
    }),
  },
  responses: {
    200: {
      description: 'Events',
      content: { 'application/json': { schema: page }, 'text/event-stream': { schema: z.string() } },
    },
    400: failure(400),
    404: failure(404),
    410: failure(410),
    422: failure(422),
    503: failure(503),
  },
});

export function addEvents(app: Api, deps: Core): void {
  app.openapi(events, async (c) => {
    const { id } = c.req.valid('param');
    const { offset, limit, last_event_id } = c.req.valid('query');
    await withDeadline(deps, () => requireRun(deps, id));
    if (wantsStream(c)) return sendEvents(deps, c, id, c.req.valid('header')['last-event-id'] ?? last_event_id);
    const { run_id, total, events } = await longRead(deps, () => deps.streams.page(id, offset, limit));
    return c.json({ run_id, total, events: events.map((event) => ({ ...event, data: { ...event.data } })) }, 200);
  });

  app.get(
    '/api/runs/:id/ws',
    async (c, next) => {
      if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') throw websocketOnly();
      await next();
    },
    upgradeWebSocket(async (c) => {
      const id = c.req.param('id') ?? '';
      await withDeadline(deps, () => requireRun(deps, id));
      const lastEventId = c.req.query('last_event_id');
      return { onOpen: (_event, { raw }) => void (raw instanceof WebSocket && follow(deps, id, lastEventId, raw)) };
    }),
  );
}

/** Subscribes only once the socket is open: a handshake that breaks off leaves nothing behind. */
async function follow(deps: Core, id: string, lastEventId: string | undefined, socket: WebSocket): Promise<void> {
  try {
    await sendFrames(socket, await subscribe(deps, id, lastEventId));
  } catch (error) {
    if (error instanceof ApiError) socket.send(JSON.stringify({ type: error.type, detail: error.detail }));
    else deps.log.error({ err: error, run_id: id }, 'The events of a WebSocket ended with a fault.');
    socket.close(error instanceof ApiError && error.status < 500 ? policyViolation : serverFault);
  }
}

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const policyViolation = 1008;
const serverFault = 1011;

/** Throw it where somebody asks for a WebSocket without one. */
export const websocketOnly = (): ApiError =>
  new ApiError(426, 'websocket_only', 'Connect with a WebSocket, or read the events without /ws.', {
    headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
  });
