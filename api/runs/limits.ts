// Gives a run other limits: what is left out stays.
import { WorkflowNotFoundError } from '@temporalio/client';
import { changed, type Limits } from '../../workflows/runtime/limits.ts';
import { limits as signal } from '../../workflows/runtime/messages.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { limitsOf } from './attributes.ts';
import { requireOpen, requireUncancelled, statusSoon } from './control.ts';
import type { LimitsChange } from './limits-request.ts';
import type { RunStatus } from './status.ts';

export interface Limited {
  status: RunStatus;
  limits: Limits | null;
}

/** Throws ApiError 400 for an unknown run and for one that has ended or is being cancelled. */
export async function changeLimits(deps: Core, id: string, change: LimitsChange): Promise<Limited> {
  return withDeadline(deps, async () => {
    const run = await requireOpen(deps, id, 'limit');
    requireUncancelled(run, 'limit');
    const limits = changed(limitsOf(run) ?? undefined, change) ?? null;
    try {
      await deps.client.workflow.getHandle(id).signal(signal, change);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await requireOpen(deps, id, 'limit');
      throw error;
    }
    return { status: await statusSoon(deps, id), limits };
  });
}
