// Executions: runs in the words of this door.
import { isAbsent } from '../../absent.ts';
import type { Core } from '../../deps.ts';
import { ApiError } from '../../errors.ts';
import { readRun } from '../../runs/read.ts';
import type { RunAnswer } from '../../runs/shape.ts';
import type { RunStatus } from '../../runs/status.ts';
import { flowName } from './name.ts';
import type { Execution, FlowStatus } from './shape.ts';

export const flowStatusOf: Record<RunStatus, FlowStatus> = {
  queued: 'pending',
  running: 'running',
  paused: 'running',
  waiting: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'failed',
};

/** Throws ApiError 404 for what is no run. */
export async function readExecution(deps: Core, id: string): Promise<Execution> {
  try {
    return executionOf(await readRun(deps, id));
  } catch (error) {
    throw isAbsent(error) ? executionNotFound(id) : error;
  }
}

export const executionNotFound = (id: string): ApiError =>
  new ApiError(404, 'execution_not_found', `Execution ${id} not found`);

type Read = Pick<
  RunAnswer,
  'id' | 'workflow' | 'status' | 'created_at' | 'started_at' | 'completed_at' | 'result' | 'error'
>;

export function executionOf(run: Read): Execution {
  const status = flowStatusOf[run.status];
  const ended = status === 'completed' || status === 'failed';
  return {
    execution_id: run.id,
    flow_name: flowName(run.workflow).snake,
    status,
    created_at: run.created_at,
    started_at: run.started_at,
    completed_at: ended ? run.completed_at : null,
    result: status === 'completed' ? (run.result ?? null) : null,
    error: errorOf(run),
  };
}

function errorOf({ status, error }: Read): string | null {
  if (status === 'cancelled') return 'cancelled';
  if (status !== 'failed') return null;
  return error?.message || error?.type || 'failed';
}
