// Runs a task on data: checks it as the task declares, starts a run, awaits it, and tells what became of the program.
import { setImmediate } from 'node:timers/promises';
import { z } from '@hono/zod-openapi';
import type { LimitName } from '../../../activities/sandbox/sandbox.ts';
import type { StoredFunction } from '../../../activities/functions/function.ts';
import { frame, inputs, wrongInputs } from '../../../activities/functions/given.ts';
import type { run_function } from '../../../workflows/run-function.ts';
import type { Core } from '../../deps.ts';
import { ofZod } from '../../envelope.ts';
import { ApiError, wrongFields } from '../../errors.ts';
import { readCheckpoint } from '../../runs/checkpoints.ts';
import { newestCheckpoint } from '../../runs/fork.ts';
import { type End, endOf } from './end.ts';

export type RunInput = z.input<(typeof run_function)['input']>;

export interface Ran {
  run_id: string;
  result: { columns: string[]; values: unknown[][] };
  stdout: string;
}

/** What is not named is ignored, but among the inputs. */
const request = z.object({ inputs: inputs.default({}), input1: frame.nullish() });

const completed = z.object({ frame, stdout: z.string() });

/** What a failed program leaves, as far as a client is told. */
const left = z.object({
  stdout: z.string().optional(),
  detail: z.string().optional(),
  traceback: z.string().optional(),
  limit: z.custom<LimitName>().optional(),
});

/** Throws ApiError 422, field by field. */
export function readCall(fn: StoredFunction, body: unknown): RunInput {
  const parsed = request.safeParse(body);
  if (!parsed.success) throw wrongFields(...ofZod(parsed.error, 'json'));
  const { inputs: given, input1 } = parsed.data;
  const wrong = wrongInputs(fn, given, input1 !== undefined && input1 !== null);
  if (wrong.length > 0) {
    const at = (name: string) => (name === 'input1' ? ['body', name] : ['body', 'inputs', name]);
    throw wrongFields(...wrong.map(({ name, message, type }) => ({ loc: at(name), msg: message, type })));
  }
  return { task_id: fn.task_id, inputs: given, ...(input1 && { input1 }) };
}

/**
 * A data set of 30 MB takes a third of a second to be read, and as long to be written again: in between all else that this
 * thread does has its turn, the heartbeats of steps among it.
 */
const others = () => setImmediate();

export async function runTask(deps: Core, call: RunInput, gone: AbortSignal): Promise<Ran> {
  await others();
  const ended = await endOf(deps, 'run_function', call, gone);
  if (ended.kind === 'failed') throw await failed(deps, ended);
  await others();
  const { frame: result, stdout } = completed.parse(ended.result);
  return { run_id: ended.run_id, result, stdout };
}

/** By the failures of activities/functions/ending.ts. */
const types: Record<string, string> = {
  ProgramFailed: 'program_failed',
  LimitExceeded: 'limit_exceeded',
  NoDataFrame: 'no_data_frame',
  ProgramExited: 'program_exited',
  PackageMissing: 'package_missing',
  InvalidCode: 'invalid_code',
  InvalidInputs: 'invalid_request',
};

async function failed(deps: Core, { run_id, type, message, error }: End & { kind: 'failed' }): Promise<ApiError> {
  if (type === 'FunctionNotFound') return new ApiError(404, 'task_not_found', message, { more: { run_id } });
  const known = types[type];
  if (known === undefined) return error;
  const { detail, ...rest } = await outcomeOf(deps, run_id);
  return new ApiError(422, known, detail || message, { more: { message, run_id, ...rest } });
}

/** The program's step has completed: its result tells all, also what is too long for a list of steps. */
async function outcomeOf(deps: Core, run_id: string): Promise<z.infer<typeof left>> {
  const { step } = await readCheckpoint(deps, await newestCheckpoint(deps, run_id));
  return left.safeParse(step?.result).data ?? {};
}
