// Reads sessions: what they tell of themselves in their memo, checked. No worker is asked.
import { type WorkflowExecutionDescription, type WorkflowExecutionInfo } from '@temporalio/client';
import { z } from 'zod';
import { unlessAbsent } from '../absent.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import { type SessionMemo, sessionWorkflow } from '../../workflows/session/messages.ts';
import { seesOnly } from '../auth/caller.ts';
import { shownOwner } from '../auth/owner.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { isText, literal, shown, stored } from '../runs/keyword.ts';

const memo: z.ZodType<SessionMemo> = z.object({
  agent_id: z.string(),
  user_id: z.string().nullable(),
  turns: z.number(),
  begun: z.number(),
  in_flight: z.string().nullable(),
  head: z.string().nullable(),
  updated_at: z.string(),
});

const maxLength = 200;

/**
 * The caller's own; for those who see all also one that is somebody else's, the newest of that name.
 * @param owner whose it is, as search attributes have it
 * Undefined: there is none.
 */
export async function findSession(
  deps: Core,
  id: string,
  owner?: string,
): Promise<WorkflowExecutionDescription | undefined> {
  if (id.length === 0 || id.length > maxLength || !isText(id)) return undefined;
  const own = await describeSession(deps, sessionWorkflow(id, owner ?? deps.owner()));
  if (own || owner !== undefined || seesOnly(deps.caller()) !== undefined) return own;
  const others = await withDeadline(deps, () => named(deps, id));
  return others === undefined ? undefined : describeSession(deps, others);
}

async function named({ records }: Core, id: string): Promise<string | undefined> {
  const query = `Kind = 'session' AND ExecutionStatus = 'Running' AND \`Session\` = ${literal(id)}`;
  for await (const { workflowId, typedSearchAttributes } of records.list({ query, pageSize: 100 }))
    // On SQLite visibility compares regardless of case.
    if (typedSearchAttributes.get(attributes.Session) === stored(id)) return workflowId;
  return undefined;
}

async function describeSession(deps: Core, workflow: string): Promise<WorkflowExecutionDescription | undefined> {
  const found = await unlessAbsent(withDeadline(deps, () => deps.records.describe(workflow)));
  const isSession = found?.typedSearchAttributes.get(attributes.Kind) === 'session';
  return isSession && found.status.name === 'RUNNING' && !deps.removed.has(found) ? found : undefined;
}

export async function readSession(deps: Core, id: string, owner?: string): Promise<SessionTold | undefined> {
  const found = await findSession(deps, id, owner);
  return found && toldOf(found);
}

export interface SessionTold extends SessionMemo {
  session_id: string;
  /** As people know it. */
  owner: string | null;
  created_at: string;
}

type Told = Pick<WorkflowExecutionInfo, 'memo' | 'typedSearchAttributes' | 'startTime'>;

/** One that no worker has had in its hands yet has told nothing: its first turn has begun then. */
export function toldOf(session: Told): SessionTold {
  const { typedSearchAttributes: has, startTime } = session;
  const session_id = shown(has.get(attributes.Session) ?? '');
  const whose = has.get(attributes.Owner);
  const owner = whose === undefined ? null : shownOwner(whose);
  const created_at = (has.get(attributes.CreatedAt) ?? startTime).toISOString();
  const told = memo.safeParse(session.memo?.['session']).data;
  if (told) return { session_id, owner, created_at, ...told };
  const user = has.get(attributes.User);
  return {
    session_id,
    owner,
    created_at,
    agent_id: shown(has.get(attributes.Agent) ?? ''),
    user_id: user === undefined ? null : shown(user),
    turns: 1,
    begun: 1,
    in_flight: null,
    head: null,
    updated_at: created_at,
  };
}

export const sessionNotFound = (id: string): ApiError =>
  new ApiError(404, 'session_not_found', `Session '${id}' not found`);
