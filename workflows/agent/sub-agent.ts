// Agents as tools of an agent: each call is a run of its own, whose answer is the call's result.
import { CancellationScope, ChildWorkflowFailure, executeChild, uuid4, workflowInfo } from '@temporalio/workflow';
import { TypedSearchAttributes } from '@temporalio/common';
import type { ToolCall, ToolSpec } from '../../activities/model/model.ts';
import { user } from '../prompt.ts';
import { attributes } from '../runtime/messages.ts';
import type { AgentEnd } from './loop.ts';
import type { AgentSnapshot } from './snapshot.ts';

export const nameOf = ({ name }: AgentSnapshot): string => `agent_${name}`;

export const agentTool = (agent: AgentSnapshot): ToolSpec => ({
  name: nameOf(agent),
  description: agent.description === '' ? `Asks the agent ${agent.name}.` : agent.description,
  parameters: {
    type: 'object',
    properties: {
      message: { type: 'string', description: 'What it is to do. It knows nothing of what was said here.' },
    },
    required: ['message'],
    additionalProperties: false,
  },
});

export const calledAgent = ({ agents }: AgentSnapshot, tool: string): AgentSnapshot | undefined =>
  agents.find((agent) => nameOf(agent) === tool);

/** @param within the call's place in its family of runs */
export async function callAgent(agent: AgentSnapshot, call: ToolCall, within: string): Promise<string> {
  const message = messageIn(call.function.arguments);
  if (message === undefined) return `The arguments do not fit ${nameOf(agent)}: it takes {"message": a text}.`;
  try {
    const end: AgentEnd = await executeChild('agent', {
      workflowId: uuid4(),
      args: [{ agent, messages: [user(message)], within }],
      typedSearchAttributes: inherited(agent),
      memo: { query: message.slice(0, 200) },
      staticSummary: nameOf(agent),
    });
    return end.response;
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure) || CancellationScope.current().consideredCancelled) throw error;
    return `${nameOf(agent)} failed: ${error.cause?.message ?? error.message}`;
  }
}

/** What the child shows of itself; whose it is, is the parent's. */
function inherited(agent: AgentSnapshot): TypedSearchAttributes {
  const { typedSearchAttributes: has, workflowId } = workflowInfo();
  const { Kind, Agent, RootRun, RunState, CreatedAt, Owner, User } = attributes;
  const child = new TypedSearchAttributes([
    { key: Kind, value: has.get(Kind) ?? 'run' },
    { key: Agent, value: agent.name },
    { key: RootRun, value: has.get(RootRun) ?? workflowId.slice(0, 255) },
    { key: RunState, value: 'running' },
    { key: CreatedAt, value: new Date() },
  ]);
  const theirs = [Owner, User].map((key) => ({ key, value: has.get(key) ?? null }));
  return child.updateCopy(theirs);
}

function messageIn(args: string): string | undefined {
  try {
    const value: unknown = JSON.parse(args);
    return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'
      ? value.message
      : undefined;
  } catch {
    return undefined;
  }
}
