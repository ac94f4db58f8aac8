// Makes a branch the head of its session: what is said next goes on from there.
import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { z } from 'zod';
import { said } from '../../workflows/prompt.ts';
import { type Branch, promote, sessionWorkflow } from '../../workflows/session/messages.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { lineageOf } from '../runs/attributes.ts';
import { describe, requireRun } from '../runs/describe.ts';
import { shown } from '../runs/keyword.ts';
import { readRun } from '../runs/read.ts';
import { isEnded } from '../runs/status.ts';
import { updateSession } from './update.ts';

/** Forks of forks, at most. */
const deepest = 100;

const talk = z.object({ messages: z.array(said).min(1) });

/** The session's id. Throws ApiError: 404; 409 for a run that is open, of no session, or of one that is at work. */
export async function promoteRun(deps: Core, id: string): Promise<string> {
  const described = await withDeadline(deps, () => requireRun(deps, id));
  const run = await readRun(deps, id);
  if (!isEnded(run.status))
    throw new ApiError(409, 'run_open', `Run '${id}' is open. It can become the head when it has ended.`);
  const session = await sessionOf(deps, described);
  const { data } = talk.safeParse(run.input);
  if (!session || !data) throw noSession(id);
  const answer = run.response_content;
  const messages = [...data.messages, ...(answer ? [{ role: 'assistant' as const, content: answer }] : [])];
  await send(deps, session, { run_id: id, messages });
  return session.session_id;
}

const noSession = (id: string): ApiError =>
  new ApiError(409, 'no_session', `Neither run '${id}' nor what it was forked from is a turn of a session.`);

interface Session {
  session_id: string;
  /** As search attributes have it. */
  owner: string | undefined;
}

/** Of the run, or of the nearest one that it was forked from. */
async function sessionOf(deps: Core, run: WorkflowExecutionDescription): Promise<Session | undefined> {
  let at: WorkflowExecutionDescription | undefined = run;
  for (let depth = 0; at && depth < deepest; depth++) {
    const session = at.typedSearchAttributes.get(attributes.Session);
    const owner = at.typedSearchAttributes.get(attributes.Owner);
    if (session !== undefined) return { session_id: shown(session), owner };
    const { forked_from } = lineageOf(at);
    if (forked_from === null) return undefined;
    at = await withDeadline(deps, () => describe(deps, forked_from));
  }
  return undefined;
}

async function send(deps: Core, { session_id, owner }: Session, branch: Branch): Promise<void> {
  const update = (session: WorkflowHandle) => session.executeUpdate(promote, { args: [branch] });
  const head = await updateSession(deps, session_id, update, sessionWorkflow(session_id, owner));
  if (!head) throw new ApiError(409, 'no_session', `Session '${session_id}' was deleted.`);
}
