// GET /metrics: the figures of this process, and of all runs, as Prometheus reads them.
import { Gauge, type Registry } from 'prom-client';
import { z } from '@hono/zod-openapi';
import type { Api, Core } from '../deps.ts';
import { createRunCounts } from './run-counts.ts';

export function addScrape(app: Api, deps: Core, registry: Registry): void {
  const runs = createRunCounts(deps, registry);
  const streams = new Gauge({
    name: 'waymark_streams_open',
    help: 'Event streams that somebody follows at this process: SSE and WebSockets, of runs and of chats.',
    registers: [registry],
    collect() {
      streams.set(deps.streams.viewers());
    },
  });
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/metrics',
    tags: ['Metrics'],
    summary: 'The figures of this process, and of all runs, for Prometheus',
    responses: {
      200: { description: 'The figures', content: { 'text/plain': { schema: z.string() } } },
    },
  });
  app.get('/metrics', async (c) => {
    await runs.update();
    return c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
  });
}
