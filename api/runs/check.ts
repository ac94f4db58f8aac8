// Whether today's code takes the recorded way up to a checkpoint: the fork itself, ended there before it does anything.
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import type { Branch } from './branch.ts';
import { bornAttributes, startWith } from './opening-start.ts';

export type Fit = { fits: true } | { fits: false; reason: string };

/** A journal of 10,000 steps takes a worker seconds to replay. */
const answeredWithinMs = 20_000;

/** Leaves nothing behind. Throws ApiError 503 when no worker answers. */
export async function fitOf(deps: Core, branch: Branch): Promise<Fit> {
  if (!(await deps.workers.present())) throw notAnswered(undefined);
  const id = `check-${randomUUID()}`;
  const { from, opening } = branch;
  await withDeadline(deps, () =>
    startWith(
      deps,
      branch,
      {
        id,
        opening: { kind: 'check', ...opening },
        memo: {},
        attributes: bornAttributes(branch.owner, 'check', { from: from.run, now: Date.now(), owner: deps.owner() }),
        details: `A dry run of a fork of run \`${from.run}\`: it ends at the checkpoint, and goes.`,
      },
      // Should this process end before it can delete it.
      { workflowExecutionTimeout: answeredWithinMs * 2 },
    ),
  );
  try {
    return await outcomeOf(deps, deps.client.workflow.getHandle(id));
  } finally {
    await remove(deps, id);
  }
}

async function outcomeOf(deps: Core, check: WorkflowHandle): Promise<Fit> {
  try {
    await withDeadline(deps, () => check.result(), answeredWithinMs);
    return { fits: true };
  } catch (error) {
    if (error instanceof ApiError && error.type === 'temporal_unavailable') throw notAnswered(error);
    const cause = error instanceof WorkflowFailedError ? rootOf(error) : undefined;
    if (cause) return { fits: false, reason: cause.message };
    throw error;
  }
}

/** The journal's own failure stands inside that of the activity that read it. */
function rootOf(error: Error): ApplicationFailure | undefined {
  let found: ApplicationFailure | undefined;
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof ApplicationFailure) found = at;
  return found;
}

async function remove(deps: Core, id: string): Promise<void> {
  const { client, namespace, log } = deps;
  try {
    await withDeadline(
      deps,
      () => client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId: id } }),
      answeredWithinMs,
    );
  } catch (error) {
    // No list shows it, and retention removes it.
    log.warn({ err: error, check: id }, 'A dry run could not be deleted.');
  }
}

const notAnswered = (cause: unknown): ApiError =>
  new ApiError(
    503,
    'dry_run_not_answered',
    'No worker has answered the dry run, which takes one. Start one (npm start, or npm run worker) and ask again.',
    { headers: { 'Retry-After': '5' }, cause },
  );
