// A user's word to a run whose workflow takes messages.
import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import { message as signal } from '../../workflows/runtime/messages.ts';
import { find } from '../catalogue.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { begunOf } from './fork-source.ts';
import { requireOpen, requireUncancelled, statusSoon } from './control.ts';
import { readStatus } from './progress.ts';
import type { RunStatus } from './status.ts';

export interface Word {
  text: string;
  /** Absent: the agent's own. */
  policy?: Policy;
}

type Policy = z.infer<typeof policy>;
const policy = z.enum(['queue', 'interrupt', 'reject']);

/** Throws ApiError: 400 unknown or ended, 409 the run takes no messages, or is at work and the policy is `reject`. */
export async function tellRun(deps: Core, id: string, { text, policy: given }: Word): Promise<RunStatus> {
  return withDeadline(deps, async () => {
    const run = await requireOpen(deps, id, 'message');
    requireUncancelled(run, 'message');
    if (find(deps.catalogue, run.type)?.takesMessages !== true) throw takesNone(id, run.type);
    const status = await readStatus(deps, run);
    const policy = given ?? (await ownPolicy(deps, run));
    if (policy === 'reject' && (status === 'running' || status === 'queued')) throw busy(id, status);
    // The run itself would leave unheard what comes under `reject`.
    const word = { text, policy: policy === 'reject' ? ('queue' as const) : policy };
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

const configured = z.object({ agent: z.object({ config: z.object({ double_texting: policy }) }) });

/** As the agent was configured that the run was started with. */
async function ownPolicy(
  deps: Core,
  { workflowId: run, runId: timeline }: WorkflowExecutionDescription,
): Promise<Policy> {
  const begun = await begunOf(deps, { run, timeline });
  return configured.safeParse(begun?.args[0]).data?.agent.config.double_texting ?? 'queue';
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
    `Cannot message run '${id}': it is ${status}, and the policy is reject. With "policy": "queue" the message waits for its turn.`,
  );
