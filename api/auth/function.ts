// A run does what its input says: who may not know of a function may not have it called either.
import type { Entry } from '../catalogue.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { seesOnly } from './caller.ts';

/**
 * Throws ApiError 404, as for one that is not there. Who may know of all hears of a missing one from the run itself, and so
 * does everybody with auth off.
 */
export async function requireFunction(deps: Core, { functionIn }: Entry, input: unknown): Promise<void> {
  if (functionIn === undefined || seesOnly(deps.caller()) === undefined) return;
  const id = new Map<string, unknown>(Object.entries(input ?? {})).get(functionIn);
  if (typeof id === 'string' && !(await deps.functions.read(id)))
    throw new ApiError(404, 'task_not_found', `Task '${id}' not found`);
}
