// A user's word to a run whose workflow takes messages.
import { WorkflowNotFoundError } from '@temporalio/client';
import { message as signal } from '../../workflows/runtime/messages.ts';
import { find } from '../catalogue.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { requireOpen, requireUncancelled, statusSoon } from './control.ts';
import { readStatus } from './progress.ts';
import type { RunStatus } from './status.ts';

export interface Word {
  text: string;
  policy?: 'queue' | 'interrupt' | 'reject';
}

/** Throws ApiError: 400 unknown or ended, 409 the run takes no messages, or is at work and the policy is `reject`. */
export async function tellRun(deps: Core, id: string, { text, policy }: Word): Promise<RunStatus> {
  return withDeadline(deps, async () => {
    const run = await requireOpen(deps, id, 'message');
    requireUncancelled(run, 'message');
    if (find(deps.catalogue, run.type)?.takesMessages !== true) throw takesNone(id, run.type);
    const status = await readStatus(deps, run);
    if (policy === 'reject' && (status === 'running' || status === 'queued')) throw busy(id, status);
    const word = { text, ...(policy !== undefined && policy !== 'reject' && { policy }) };
    try {
      await deps.client.workflow.getHandle(id).signal(signal, word);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await requireOpen(deps, id, 'message');
      throw error;
    }
    return statusSoon(deps, id);
  });
}

const takesNone = (id: string, workflow: string): ApiError =>
  new ApiError(
    409,
    'takes_no_messages',
    `Cannot message run '${id}': workflow '${workflow}' takes no messages. GET /api/workflows tells which do.`,
  );

const busy = (id: string, status: RunStatus): ApiError =>
  new ApiError(
    409,
    'run_busy',
    `Cannot message run '${id}': it is ${status}. With "policy": "queue" the message waits for its turn.`,
  );
