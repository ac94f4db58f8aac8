// What holds for all routes of tasks before anybody looks at a body: the shape of their errors, and whether there is a sandbox.
import type { MiddlewareHandler } from 'hono';
import type { Api, ApiEnv, Core } from '../../deps.ts';
import { ApiError } from '../../errors.ts';

export const runPath = '/api/task/:task_id/run';
export const createPath = '/api/task/create';

export function guardTasks(app: Api): void {
  app.use('/api/task/*', sayMessage);
  app.use('/api/tasks', sayMessage);
}

/** Who may not come in is told so first. */
export function guardSandbox(app: Api, deps: Core): void {
  app.on('POST', [createPath, runPath], async (_, next) => {
    requireSandbox(deps);
    await next();
  });
}

/** Clients of tasks read `message`. */
const sayMessage: MiddlewareHandler<ApiEnv> = async (c, next) => {
  c.set('inErrors', ({ message }) => ({ message }));
  await next();
};

/** Throws ApiError 503. Where the worker is another process, its own step says so later. */
export function requireSandbox({ sandbox }: Core): void {
  const state = sandbox?.state();
  if (state?.kind === 'preparing')
    throw unready(
      'sandbox_preparing',
      'Python is being prepared for functions, once, in the background. Try again soon.',
    );
  if (state?.kind === 'unavailable') throw unready('sandbox_unavailable', state.reason);
}

export const unready = (type: 'sandbox_preparing' | 'sandbox_unavailable', why: string): ApiError =>
  new ApiError(503, type, why, { headers: { 'Retry-After': type === 'sandbox_preparing' ? '5' : '60' } });
