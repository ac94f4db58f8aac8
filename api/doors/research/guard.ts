// The shape of this door's errors: what its clients read beside what all do.
import type { MiddlewareHandler } from 'hono';
import { isAbsent } from '../../absent.ts';
import type { Api, ApiEnv } from '../../deps.ts';
import { ApiError } from '../../errors.ts';

export const paths = {
  create: '/api/tasks/research',
  status: '/api/tasks/{agent_id}/status',
  result: '/api/tasks/{agent_id}/result',
  activities: '/api/activities',
  activity: '/api/activities/{agent_id}',
  cleanup: '/api/admin/cleanup',
  socket: '/api/ws/tasks/{agent_id}',
} as const;

/** As the router has it. */
export const pattern = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** To be called before whatever refuses a request: what that throws has then this shape, too. */
export function guardResearch(app: Api): void {
  for (const path of Object.values(paths)) app.use(pattern(path), sayError);
}

const sayError: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const agent_id = c.req.param('agent_id');
  c.set('inErrors', ({ message }) => ({ error: message, ...(agent_id !== undefined && { agent_id }) }));
  await next();
};

const missing = (what: 'Task' | 'Activity' | 'Result'): ApiError =>
  new ApiError(404, `${what.toLowerCase()}_not_found`, `${what} not found`);

/** What the run functions throw for an id that is none, in this door's words. */
export async function found<T>(what: 'Task' | 'Activity' | 'Result', read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw isAbsent(error) ? missing(what) : error;
  }
}
