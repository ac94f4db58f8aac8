// Deletes a session and what it remembers; its runs only when that is asked for. The session itself goes last: as long as it
// is there, a deletion that was broken off can be asked for again.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { unlessAbsent } from '../absent.ts';
import { shownOwner } from '../auth/owner.ts';
import { grpc, grpcCode, longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { removeRun } from '../runs/remove.ts';
import { literal, stored } from '../runs/keyword.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import { findSession, sessionNotFound, toldOf } from './read.ts';

type Session = WorkflowExecutionDescription;

const atOnce = 8;

/**
 * Throws ApiError: 404; 409 while a turn, or a run that is to go too, is open, and for somebody else's when no owner is named:
 * who deletes its own once more must not delete another one of that name.
 */
export async function removeSession(deps: Core, id: string, runs: boolean, owner?: string): Promise<void> {
  const found = await requireIdle(deps, id, owner);
  const newest = runs ? await withoutRuns(deps, id, found) : found;
  await longRead(deps, () => forgetEarlier(deps, id, newest));
  // It ends with this, too.
  await withDeadline(deps, () => forget(deps, newest, newest.runId));
  deps.removed.add(newest);
}

/** As it is when its runs are gone, also those of turns that it has taken meanwhile. */
async function withoutRuns(deps: Core, id: string, before: Session): Promise<Session> {
  const owner = ownerOf(before);
  await removeRuns(deps, id, owner);
  const now = await requireIdle(deps, id, owner);
  return toldOf(now).turns === toldOf(before).turns ? now : withoutRuns(deps, id, now);
}

const ownerOf = ({ typedSearchAttributes }: Pick<Session, 'typedSearchAttributes'>): string | undefined =>
  typedSearchAttributes.get(attributes.Owner);

async function requireIdle(deps: Core, id: string, owner: string | undefined): Promise<Session> {
  const found = await findSession(deps, id, owner);
  if (!found) throw sessionNotFound(id);
  const whose = ownerOf(found);
  if (owner === undefined && whose !== undefined && whose !== deps.owner()) throw ofAnother(id, shownOwner(whose));
  const { in_flight, turns, begun } = toldOf(found);
  if (in_flight !== null || turns > begun || found.raw.pendingWorkflowTask) throw busy(id);
  return found;
}

const ofAnother = (id: string, name: string): ApiError =>
  new ApiError(
    409,
    'session_of_another',
    `Session '${id}' belongs to '${name}'. To delete it, name its owner: ?owner=${encodeURIComponent(name)}`,
  );

const busy = (id: string): ApiError =>
  new ApiError(
    409,
    'session_busy',
    `Session '${id}' has an open turn. Cancel its run (in_flight), or wait for its end; then it can be deleted.`,
  );

/** What was said stands in the histories of all its timelines. */
async function forgetEarlier(deps: Core, id: string, session: Session): Promise<void> {
  // Visibility can compare an id only as it is.
  if (stored(id) !== id) return;
  for await (const { runId } of deps.records.list({ query: `WorkflowId = '${session.workflowId}'` }))
    if (runId !== session.runId) await forget(deps, session, runId);
}

async function forget({ client, namespace }: Core, { workflowId }: Session, runId: string): Promise<void> {
  const workflowExecution = { workflowId, runId };
  try {
    await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
  } catch (error) {
    if (grpcCode(error) !== grpc.notFound) throw error;
  }
}

async function removeRuns(deps: Core, id: string, owner: string | undefined): Promise<void> {
  const query = `Kind = 'run' AND ExecutionStatus != 'ContinuedAsNew' AND \`Session\` = ${literal(id)}`;
  const ids = await longRead(deps, async () => {
    const found = new Set<string>();
    for await (const run of deps.records.list({ query, pageSize: 1000 })) {
      // On SQLite visibility compares regardless of case; and somebody else may have a session of that name.
      const isOfIt = run.typedSearchAttributes.get(attributes.Session) === stored(id) && ownerOf(run) === owner;
      if (isOfIt) found.add(run.workflowId);
    }
    return [...found];
  });
  const turns = ids.values();
  const work = async () => {
    for (const run of turns) await unlessAbsent(removeRun(deps, run));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
