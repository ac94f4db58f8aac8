// Reads sessions: what they tell of themselves in their memo, checked. No worker is asked.
import {
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import { z } from 'zod';
import { attributes } from '../../workflows/runtime/messages.ts';
import { type SessionMemo, sessionWorkflow } from '../../workflows/session/messages.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { isText, shown } from '../runs/keyword.ts';

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

/** Undefined: there is none. */
export async function findSession(deps: Core, id: string): Promise<WorkflowExecutionDescription | undefined> {
  if (id.length === 0 || id.length > maxLength || !isText(id)) return undefined;
  try {
    const found = await withDeadline(deps, () => deps.records.getHandle(sessionWorkflow(id)).describe());
    const isSession = found.typedSearchAttributes.get(attributes.Kind) === 'session';
    return isSession && found.status.name === 'RUNNING' && !deps.removed.has(found) ? found : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

export async function readSession(deps: Core, id: string): Promise<SessionTold | undefined> {
  const found = await findSession(deps, id);
  return found && toldOf(found);
}

export interface SessionTold extends SessionMemo {
  session_id: string;
  created_at: string;
}

type Told = Pick<WorkflowExecutionInfo, 'memo' | 'typedSearchAttributes' | 'startTime'>;

/** One that no worker has had in its hands yet has told nothing: its first turn has begun then. */
export function toldOf(session: Told): SessionTold {
  const { typedSearchAttributes: has, startTime } = session;
  const session_id = shown(has.get(attributes.Session) ?? '');
  const created_at = (has.get(attributes.CreatedAt) ?? startTime).toISOString();
  const told = memo.safeParse(session.memo?.['session']).data;
  if (told) return { session_id, created_at, ...told };
  const user = has.get(attributes.User);
  return {
    session_id,
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
