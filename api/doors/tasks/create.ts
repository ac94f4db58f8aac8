// Creates a task from plain words: checks what is asked in the words of the replaced system, starts a run, awaits it.
import { z } from '@hono/zod-openapi';
import type { create_function } from '../../../workflows/create-function.ts';
import type { Core } from '../../deps.ts';
import { ApiError } from '../../errors.ts';
import { endOf } from './end.ts';

type Request = z.infer<(typeof create_function)['input']>;

export interface Created {
  task_id: string;
  task_name: string;
  message: 'Task Created!';
}

const saved = z.object({ task_id: z.string(), task_name: z.string() });

/** @param body parsed JSON. Throws ApiError: 400 with the reason, 422 for packages that are not there, 502 of the model, 503 */
export async function createTask(deps: Core, body: unknown, left: AbortSignal): Promise<Created> {
  const ended = await endOf(deps, 'create_function', requestIn(body), left);
  if (ended.kind === 'completed') return { ...saved.parse(ended.result), message: 'Task Created!' };
  const { type, message, run_id } = ended;
  if (type === 'PackagesMissing') throw new ApiError(422, 'packages_missing', message, { more: { run_id } });
  if (type === 'FunctionUnusable') throw new ApiError(502, 'function_unusable', message, { more: { run_id } });
  if (type.startsWith('Model')) throw new ApiError(502, 'model_failed', message, { more: { run_id } });
  throw ended.error;
}

/** Of a body's text. Throws ApiError 400. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unparsable(error instanceof Error ? error.message : String(error));
  }
}

function requestIn(body: unknown): Request {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw unparsable('the body is no JSON object');
  const fields = new Map<string, unknown>(Object.entries(body));
  const desired_action = textOf(fields, 'desired_action');
  const task_type = textOf(fields, 'task_type');
  if (desired_action === '') throw refused('No desired_action provided');
  if (task_type === '') throw refused('No task_type provided');
  if (task_type !== 'input' && task_type !== 'passthrough')
    throw refused("task_type must be either 'input' or 'passthrough'");
  return { desired_action, task_type };
}

/** Empty: not provided. */
function textOf(fields: Map<string, unknown>, key: string): string {
  const value = fields.get(key) ?? (fields.has(key) ? null : '');
  if (typeof value !== 'string') throw unparsable(`${key} is no string`);
  return value.trim() === '' ? '' : value;
}

const refused = (message: string): ApiError => new ApiError(400, 'invalid_request', message);
const unparsable = (why: string): ApiError => refused(`Error parsing request body: ${why}`);
