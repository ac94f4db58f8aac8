// The run that answers one message to an agent.
import type { SessionRef, Turn } from '../../activities/session/turn.ts';
import type { AgentSnapshot } from '../../workflows/agent/snapshot.ts';
import type { Said } from '../../workflows/prompt.ts';
import { startRequest } from '../runs/request.ts';
import type { RunStart } from '../runs/start.ts';

/** Of the catalogue. */
export const agentWorkflow = 'agent';

export interface Asked {
  turn: Omit<Turn, 'position'>;
  session: SessionRef;
  agent: AgentSnapshot;
  /** What is remembered; the last one is the turn's. */
  messages: Said[];
}

export function agentRun({ turn, session, agent, messages }: Asked): RunStart {
  const { run_id: id, user_id: user, owner, tags, metadata, limits, request: digest } = turn;
  return {
    id,
    workflow: agentWorkflow,
    request: {
      input: { agent, messages, session: session.workflow },
      tags,
      metadata,
      limits: startRequest.shape.limits.parse(limits),
    },
    labels: { agent: agent.name, session: session.session_id, user, owner },
    digest,
  };
}
