// Takes a message to an agent: a new conversation begins at once, in one that there is it waits for its turn.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { SessionRef, Turn } from '../../activities/session/turn.ts';
import { sessionType, sessionWorkflow } from '../../workflows/session/messages.ts';
import { firstState } from '../../workflows/session/state.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import { resolveAgent } from '../agents/resolve.ts';
import { agentNotFound, isAgentName } from '../agents/change.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { digestOf, runIdOf, sessionIdOf } from '../runs/idempotency.ts';
import { stored } from '../runs/keyword.ts';
import { beginRun, type RunStart, type Started } from '../runs/start.ts';
import { type Asked, startedBefore } from '../runs/started-before.ts';
import { uuidv7 } from '../runs/uuid.ts';
import { noWorker } from '../sessions/update.ts';
import { agentRun } from './agent-run.ts';
import type { ChatRequest } from './shape.ts';
import { sendTurn } from './turn.ts';

type Agent = NonNullable<Awaited<ReturnType<typeof resolveAgent>>>;

export type Taken = { session_id: string } & (
  | { kind: 'begun'; run: Started }
  /** Its run begins when those before it have ended. */
  | { kind: 'queued'; run_id: string; position: number }
);

export interface Sending extends Asked {
  /** The run that it goes on from: 409 `not_newest` when its session has heard something since. */
  after: string;
}

/**
 * Throws ApiError: 404 no such agent, 409 it is disabled, the session is at work and the policy is reject, or a key is used
 * twice. `digest`: of what the message was sent as, if not as a chat.
 */
export async function takeMessage(deps: Core, chat: ChatRequest, asked: Partial<Sending>): Promise<Taken> {
  const { key, again, after } = asked;
  const agent = await requireUsable(deps, chat.agent_id);
  const session_id = chat.session_id ?? (key === undefined ? uuidv7(now(deps)) : sessionIdOf(deps.owner(), key));
  // Nobody waits for what nobody does: a stream can be waited for, and its run begins when a worker is there.
  if (!chat.stream && !(await deps.workers.present())) throw noWorker();
  const digest = asked.digest ?? digestOf({ chat: { ...chat, stream: undefined } });
  const turn = { ...turnOf(deps, chat, key, digest), agent_owner: agent.owner };
  const before = await startedBefore(deps, chat.agent_id, { key, again, digest });
  if (before) return { kind: 'begun', session_id, run: before };
  for (;;) {
    const opening = { chat, session_id, turn, agent };
    const begun = await beginSession(deps, opening);
    if (begun) return { kind: 'begun', session_id, run: begun };
    const policy = chat.double_texting ?? agent.definition.config.double_texting;
    const accepted = await sendTurn(deps, session_id, { ...turn, policy, after, ...(again && { again: true }) });
    // It was deleted in between, so that it can begin anew.
    if (!accepted) continue;
    if (accepted.position > 1) return { kind: 'queued', session_id, ...accepted };
    // Sent again: whoever opened the session with it may have gone before its run began.
    const first = { ...opening, turn: { ...turn, run_id: accepted.run_id } };
    return { kind: 'begun', session_id, run: await beginRun(deps, firstRun(first)) };
  }
}

const now = ({ clock = Date.now }: Core): number => clock();

async function requireUsable(deps: Core, name: string): Promise<Agent> {
  const found = isAgentName(name) ? await withDeadline(deps, () => resolveAgent(deps, name)) : undefined;
  if (!found) throw agentNotFound(name);
  if (found.definition.enabled) return found;
  throw new ApiError(409, 'agent_disabled', `Agent '${name}' is disabled: enable it with PUT /api/agents/${name}.`);
}

function turnOf(deps: Core, chat: ChatRequest, key: string | undefined, request: string): Omit<Turn, 'position'> {
  const { agent_id, message, user_id, tags, metadata, limits } = chat;
  return {
    run_id: key === undefined ? uuidv7(now(deps)) : runIdOf(deps.owner(), key),
    agent_id,
    message,
    user_id,
    owner: deps.owner(),
    tags,
    metadata,
    limits,
    request,
  };
}

interface Opening {
  chat: ChatRequest;
  session_id: string;
  turn: Omit<Turn, 'position'>;
  agent: Agent;
}

/** Undefined: there is such a session already. */
async function beginSession(deps: Core, opening: Opening): Promise<Started | undefined> {
  const { chat, turn } = opening;
  const opened = openSession(deps, refOf(opening), turn);
  // A session that was not named is new: nothing has to be waited for.
  if (chat.session_id !== undefined && !(await opened)) return undefined;
  const [begun] = await Promise.all([beginRun(deps, firstRun(opening)), opened]);
  return begun;
}

const refOf = ({ session_id, turn }: Opening): SessionRef => ({
  session_id,
  workflow: sessionWorkflow(session_id, turn.owner),
});

/** Nothing was said before it. */
const firstRun = (opening: Opening): RunStart => {
  const { turn, agent } = opening;
  const messages = [{ role: 'user' as const, content: turn.message }];
  return agentRun({ turn, session: refOf(opening), agent: agent.agent, messages });
};

/** False: there is one. */
async function openSession(deps: Core, session: SessionRef, turn: Omit<Turn, 'position'>): Promise<boolean> {
  const created_at = new Date(now(deps));
  const { user_id, owner } = turn;
  try {
    await withDeadline(deps, () =>
      deps.client.workflow.start(sessionType, {
        workflowId: session.workflow,
        taskQueue: deps.taskQueue,
        args: [firstState(session.session_id, turn)],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        typedSearchAttributes: [
          { key: attributes.Kind, value: 'session' },
          { key: attributes.Session, value: stored(session.session_id) },
          { key: attributes.Agent, value: turn.agent_id },
          { key: attributes.CreatedAt, value: created_at },
          ...(user_id === undefined ? [] : [{ key: attributes.User, value: stored(user_id) }]),
          ...(owner === undefined ? [] : [{ key: attributes.Owner, value: owner }]),
        ],
        staticSummary: `Session of ${turn.agent_id}`,
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
