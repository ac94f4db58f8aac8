// Waits for the findings of a research task.
import { z } from 'zod';
import { withDeadline } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { ApiError, runNotFound } from '../../errors.ts';
import { requireRun } from '../../runs/describe.ts';
import { awaitResult } from '../../runs/result.ts';
import { words } from './log.ts';
import { workflow } from './start.ts';

export interface Wanted {
  id: string;
  seconds: number;
  left: AbortSignal;
}

const findings = z.object({ company: z.string(), findings: z.string() });

/** Throws ApiError: 404 for what is no research task, 408 when it is not completed in time, 409 when it ended otherwise. */
export async function resultOf(deps: Core, { id, seconds, left }: Wanted): Promise<z.infer<typeof findings>> {
  const { type } = await withDeadline(deps, () => requireRun(deps, id));
  if (type !== workflow) throw runNotFound(id);
  const { status, result, error } = await awaitEnd(deps, { id, seconds, left });
  if (status === 'completed') {
    const { data } = findings.safeParse(result);
    // Its payload is gone.
    if (!data) throw runNotFound(id);
    return data;
  }
  const why = error?.message || error?.type || 'The task was canceled.';
  const detail = status === 'failed' ? `Task failed with error: ${why}` : why;
  throw new ApiError(409, 'task_not_completed', detail, { more: { status: words[status], error: why } });
}

async function awaitEnd(deps: Core, { id, seconds, left }: Wanted) {
  try {
    return await awaitResult(deps, id, seconds, left);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 408)) throw error;
    throw new ApiError(408, 'not_ended', `Task not completed within ${seconds} seconds`);
  }
}
