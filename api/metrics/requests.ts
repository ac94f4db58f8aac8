// Counts requests, by the pattern of their route: ids never become labels.
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { ApiEnv } from '../deps.ts';

export function countRequests(registry: Registry): MiddlewareHandler<ApiEnv> {
  const registers = [registry];
  const requests = new Counter({
    name: 'waymark_http_requests_total',
    help: 'HTTP requests, by the pattern of their route; unmatched: no route.',
    labelNames: ['method', 'route', 'status'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'waymark_http_request_duration_seconds',
    help: 'Until the answer began: a stream goes on after that.',
    labelNames: ['method', 'route'] as const,
    registers,
  });
  return async (c, next) => {
    const took = durations.startTimer();
    await next();
    const method = methods.has(c.req.method) ? c.req.method : 'OTHER';
    const route = patternOf(matchedRoutes(c));
    took({ method, route });
    requests.inc({ method, route, status: c.res.status });
  };
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** As the documents write it: /api/runs/{id}. What stands before all routes, or before some, is none. */
function patternOf(matched: readonly { method: string; path: string }[]): string {
  const found = matched.findLast(({ method, path }) => method !== 'ALL' && !path.includes('*'));
  return found?.path.replaceAll(/:(\w+)/g, '{$1}') ?? 'unmatched';
}
