// Whether the service is well: for people, for load balancers, for supervisors.
import { createRoute, z } from '@hono/zod-openapi';
import { failure, json } from './answers.ts';
import { withDeadline } from './deadline.ts';
import type { Api, Core } from './deps.ts';
import { ApiError } from './errors.ts';

const component = z.object({ status: z.enum(['up', 'preparing', 'down', 'unknown']), detail: z.string().optional() });
type Component = z.infer<typeof component>;

const health = z
  .object({
    status: z.enum(['healthy', 'degraded']),
    version: z.string(),
    timestamp: z.string(),
    components: z.object({ temporal: component, worker: component, sandbox: component }),
  })
  .openapi('Health');

const simple = z.object({ status: z.literal('healthy') });
const ready = z.object({ status: z.literal('ready') });

const route = <P extends string, S extends z.ZodType>(path: P, summary: string, schema: S) =>
  createRoute({
    method: 'get',
    path,
    tags: ['Health'],
    summary,
    responses: { 200: json('Well', schema), 503: failure(503) },
  });

const full = route('/api/health', 'How the service and its parts are', health);
const short = route('/health', 'Whether the service answers', simple);
const live = route('/health/live', 'Whether the service answers', simple);
const readiness = route('/health/ready', 'Whether the service can take requests: 503 names what is down', ready);

export function addHealth(app: Api, deps: Core): void {
  app.openapi(full, async (c) => {
    const temporal = await askTemporal(deps);
    const worker = temporal.status === 'up' ? await askWorker(deps) : unknown;
    const status = temporal.status === 'up' && worker.status === 'up' ? 'healthy' : 'degraded';
    const timestamp = new Date((deps.clock ?? Date.now)()).toISOString();
    const components = { temporal, worker, sandbox: sandboxOf(deps) };
    return c.json({ status, version: deps.config.version, timestamp, components } as const, 200);
  });

  app.openapi(short, (c) => c.json({ status: 'healthy' } as const, 200));
  app.openapi(live, (c) => c.json({ status: 'healthy' } as const, 200));

  app.openapi(readiness, async (c) => {
    const temporal = await askTemporal(deps);
    if (temporal.status === 'up') return c.json({ status: 'ready' } as const, 200);
    throw new ApiError(503, 'not_ready', `Temporal is down: ${temporal.detail}`, {
      more: { down: ['temporal'] },
      headers: { 'Retry-After': '2' },
    });
  });
}

const unknown: Component = { status: 'unknown' };

/** Health is asked often and must answer soon. */
const soonMs = 1000;

async function askTemporal(deps: Core): Promise<Component> {
  const { client, namespace } = deps;
  try {
    await withDeadline(deps, () => client.workflowService.describeNamespace({ namespace }), soonMs);
    return { status: 'up' };
  } catch (error) {
    return { status: 'down', detail: error instanceof ApiError ? error.message : 'It answers with an error.' };
  }
}

async function askWorker({ workers }: Core): Promise<Component> {
  try {
    if (await workers.present()) return { status: 'up' };
    return { status: 'down', detail: 'No worker polls. Runs are accepted and go on when one starts.' };
  } catch {
    return unknown;
  }
}

/** Only of Python programs: without it all else goes on, so it makes nothing degraded. */
function sandboxOf({ sandbox }: Core): Component {
  if (!sandbox) return { status: 'unknown', detail: 'Each worker has its own, and says in its log how it is.' };
  const state = sandbox.state();
  switch (state.kind) {
    case 'preparing':
      return { status: 'preparing', detail: 'Python and its packages are being prepared, in the background.' };
    case 'ready':
      return { status: 'up' };
    case 'unavailable':
      return { status: 'down', detail: state.reason };
  }
}
