// The tool calls of a turn: all at once, and whatever becomes of one is told to the model.
import { ActivityFailure, CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Message, ModelRequest, ToolCall } from '../../activities/model/model.ts';
import type { ToolOutcome, ToolRequest } from '../../activities/tools/tool.ts';
import { attributes } from '../runtime/messages.ts';
import { askPerson } from '../runtime/person.ts';
import { step } from '../runtime/step.ts';
import { approved } from './approval.ts';
import type { ServerTools } from './mcp.ts';
import type { AgentSnapshot } from './snapshot.ts';
import { agentTool, callAgent, calledAgent } from './sub-agent.ts';

/** Where in a family of runs a turn is: no two turns of it have the same. */
export interface Place {
  root: string;
  turn: number;
}

export const placeOf = (within: string | undefined, turn: number): Place => ({
  root: within ?? rootRun(),
  turn,
});

function rootRun(): string {
  const { typedSearchAttributes, workflowId } = workflowInfo();
  return typedSearchAttributes.get(attributes.RootRun) ?? workflowId;
}

/** An agent with what its servers have. */
export interface Equipped {
  agent: AgentSnapshot;
  servers: ServerTools;
}

/** As a model step takes them. */
export const toolsOf = ({ agent, servers }: Equipped): NonNullable<ModelRequest['tools']> => [
  ...agent.tools,
  ...agent.agents.map(agentTool),
  ...[...servers.values()].map(({ spec }) => spec),
];

/** A model may write any number of calls; each is a step, and may be a wait. */
const mostAtOnce = 100;

/** In the order of the calls. */
export const answerCalls = (calls: ToolCall[], equipped: Equipped, place: Place): Promise<Message[]> =>
  Promise.all(
    calls.map(async (call, n): Promise<Message> => {
      const content = n < mostAtOnce ? await answered(call, n, equipped, place) : tooMany;
      return { role: 'tool', tool_call_id: call.id, content };
    }),
  );

const tooMany = `Not called: a turn may have ${mostAtOnce} calls.`;

function answered(call: ToolCall, n: number, { agent, servers }: Equipped, place: Place): Promise<string> {
  const { name } = call.function;
  const other = calledAgent(agent, name);
  if (other) return callAgent(other, call, `${place.root}/${place.turn}.${n + 1}`);
  const server = servers.get(name)?.call;
  // What an agent was not given it must not reach, though it may be there.
  if (!server && !agent.tools.includes(name)) return Promise.resolve(`Tool ${name.slice(0, 100)} not found.`);
  const again = agent.config.again?.[name];
  const request: ToolRequest = {
    tool: name,
    args: call.function.arguments,
    tool_call_id: call.id,
    root: place.root,
    place: `${place.turn}.${n + 1}`,
    ...(server && { server }),
    ...(again && { again }),
  };
  return called(request, agent);
}

async function called(request: ToolRequest, agent: AgentSnapshot): Promise<string> {
  const outcome = await take(request);
  switch (outcome.kind) {
    case 'needs_approval': {
      const decision = await approved(request, outcome, agent.config);
      if (decision.kind !== 'approved') return decision.content;
      // Meanwhile the run that this one comes from may have made it: then one more is asked.
      const repeat = outcome.earlier?.asked_in;
      return called({ ...request, args: decision.args, approved: true, ...(repeat && { repeat }) }, agent);
    }
    case 'asks_person': {
      const { tool, tool_call_id } = request;
      return asText(await askPerson({ name: tool, question: outcome.question, about: { tool, tool_call_id } }));
    }
    case 'result':
    case 'error':
    case 'unknown':
      return outcome.content;
  }
}

/** A step that failed for good is a result like any other: the model may know another way. */
async function take(request: ToolRequest): Promise<ToolOutcome> {
  try {
    return await step(request.tool).callTool(request);
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isOver(error)) throw error;
    return { kind: 'error', content: `${request.tool} failed: ${error.cause?.message ?? error.message}` };
  }
}

const isOver = (error: unknown): boolean => isCancellation(error) || CancellationScope.current().consideredCancelled;

const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
