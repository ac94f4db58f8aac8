// The route of the progress over a WebSocket.
import { AsyncLocalStorage } from 'node:async_hooks';
import { upgradeWebSocket } from '@hono/node-server';
import { z } from '@hono/zod-openapi';
import { WebSocket } from 'ws';
import type { Api, Core } from '../../deps.ts';
import { websocketOnly } from '../../runs/event-routes.ts';
import type { Activities } from './activity.ts';
import { paths, pattern } from './guard.ts';
import { failure } from './shape.ts';
import { sendProgress } from './socket.ts';
import { createWatches } from './watch.ts';

export function addSocket(app: Api, deps: Core, activities: Activities): void {
  const watches = createWatches(deps, activities);
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: paths.socket,
    tags: ['Research tasks'],
    summary: 'Task Progress Websocket',
    description:
      'WebSocket endpoint for real-time task progress. Messages are `{"status", "progress", "message"}`: on every change, and ' +
      'at least once a second; the last one is the end. Of an unknown task `{"error": "Task not found"}`.',
    request: { params: z.object({ agent_id: z.string() }) },
    responses: { 101: { description: 'The WebSocket is open' }, 426: failure('Only as a WebSocket') },
  });
  app.get(
    pattern(paths.socket),
    async (c, next) => {
      if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') throw websocketOnly();
      await next();
    },
    upgradeWebSocket((c) => {
      const id = c.req.param('agent_id') ?? '';
      // What the socket reads, it reads for whoever asked for it.
      const send = AsyncLocalStorage.bind((socket: WebSocket) => sendProgress(deps, watches, id, socket));
      return { onOpen: (_event, { raw }) => void (raw instanceof WebSocket && send(raw)) };
    }),
  );
}
