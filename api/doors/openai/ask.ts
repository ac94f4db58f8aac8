// Asks an agent: the model of a request is its name. What comes of it is a run.
import type { AgentSnapshot } from '../../../workflows/agent/snapshot.ts';
import type { Said } from '../../../workflows/prompt.ts';
import type { Limits } from '../../../workflows/runtime/limits.ts';
import { isAgentName } from '../../agents/change.ts';
import { resolveAgent } from '../../agents/resolve.ts';
import { agentWorkflow } from '../../chat/agent-run.ts';
import { withDeadline } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { runIdOf } from '../../runs/idempotency.ts';
import { beginRun } from '../../runs/start.ts';
import type { Asked } from '../../runs/started-before.ts';
import { uuidv7 } from '../../runs/uuid.ts';
import { ownTools } from './content.ts';
import { badRequest, modelNotFound } from './refusal.ts';

export interface Question {
  model: string;
  /** Come after the agent's own. */
  instructions: string[];
  /** The last one is the user's. */
  messages: Said[];
  /** How many of the messages were said before. */
  carried: number;
  /** JSON Schema that the answer must have, instead of the agent's own. */
  schema?: Record<string, unknown>;
  /** Of the client's, and what the door keeps beside it. */
  metadata?: Record<string, unknown>;
  user?: string;
  session?: string;
  limits?: Limits;
  asked: Asked;
}

/** The run's id. Throws ApiError: 404 for a model that is no agent, 409 for a key that was used for something else. */
export async function ask(deps: Core, question: Question): Promise<string> {
  const agent = await agentFor(deps, question);
  const { model, messages, instructions, carried, metadata, user, session, limits, asked } = question;
  const { key, digest } = asked;
  const input = { agent, messages, openai: { instructions: instructions.join('\n\n') || null, carried } };
  const { id } = await beginRun(deps, {
    id: key === undefined ? uuidv7((deps.clock ?? Date.now)()) : runIdOf(deps.owner(), key),
    workflow: agentWorkflow,
    request: { input, ...(metadata && { metadata }), ...(limits && { limits }) },
    labels: { agent: model, user, session },
    digest,
  });
  return id;
}

async function agentFor(deps: Core, { model, instructions, schema }: Question): Promise<AgentSnapshot> {
  const agent = await requireModel(deps, model);
  const system_prompt = [agent.system_prompt, ...instructions].filter((text) => text.trim() !== '').join('\n\n');
  return { ...agent, system_prompt, output_schema: schema ?? agent.output_schema };
}

/** Throws ApiError 404, also for an agent that is disabled. */
export async function requireModel(deps: Core, model: string): Promise<AgentSnapshot> {
  const found = isAgentName(model) ? await withDeadline(deps, () => resolveAgent(deps, model)) : undefined;
  if (!found?.definition.enabled) throw modelNotFound(model);
  return found.agent;
}

/** Throws ApiError 400 for tools that the client would have to call itself. */
export function refuseTools(...given: (readonly unknown[] | null | undefined)[]): void {
  if (given.some((tools) => tools && tools.length > 0)) throw badRequest('tools', ownTools, 'tools_not_supported');
}
