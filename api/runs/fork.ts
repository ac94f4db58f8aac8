// Forks a run: a new one that goes on from a checkpoint of another, which is only read.
import type { Forked } from '../../workflows/runtime/messages.ts';
import { longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { metadataOf } from './attributes.ts';
import { type Branch, branchAt, ownCheckpoint } from './branch.ts';
import { checkpointId } from './checkpoint-id.ts';
import { requireRun } from './describe.ts';
import type { ForkRequest } from './fork-request.ts';
import { takenIn } from './fork-steps.ts';
import { bornAttributes, startWith } from './opening-start.ts';
import { viewOf } from './read.ts';
import { uuidv7 } from './uuid.ts';

export interface NewRun {
  new_run_id: string;
  checkpoint_id: string;
}

export async function fork(deps: Core, id: string, request: Omit<ForkRequest, 'dry_run'>): Promise<NewRun> {
  const { modifications, description } = request;
  const branch = await branchAt(deps, id, modifications);
  return withDeadline(deps, () => begin(deps, branch, description));
}

async function begin(deps: Core, branch: Branch, description: string | undefined): Promise<NewRun> {
  const { owner, from, opening } = branch;
  const now = (deps.clock ?? Date.now)();
  const id = uuidv7(now);
  const metadata = metadataOf(owner);
  const forked: Forked = { ...from, ...(description !== undefined && { description }) };
  const timeline = await startWith(deps, branch, {
    id,
    opening: { kind: 'fork', ...opening },
    memo: { forked, ...(Object.keys(metadata).length > 0 && { metadata }) },
    attributes: bornAttributes(owner, 'run', { from: from.run, now, owner: deps.owner() }),
    details: `Forked from run \`${from.run}\` after event ${from.event} of its timeline \`${from.timeline}\`.`,
  });
  return { new_run_id: id, checkpoint_id: ownCheckpoint(branch, id, timeline) };
}

/**
 * The checkpoint at which a run as a whole is forked: its newest step. A run without a completed step is forked at its
 * newest event, and one that has ended so from its beginning: else the fork could only end as it did.
 */
export async function newestCheckpoint(deps: Core, run: string): Promise<string> {
  const description = await withDeadline(deps, () => requireRun(deps, run));
  const newest = takenIn(await longRead(deps, () => viewOf(deps, run))).at(-1);
  if (newest) return checkpointId({ run, ...newest.checkpoint });
  const event = description.status.name === 'RUNNING' ? description.historyLength : 1;
  return checkpointId({ run, timeline: description.runId, event });
}
