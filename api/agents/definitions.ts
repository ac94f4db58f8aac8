// Keeps agents as definitions in Temporal: read, written, deleted. No worker is needed for any of it.
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { z } from 'zod';
import {
  type AgentDefinition,
  type Definition,
  definition,
  definitionId,
  definitionQueue,
  definitionType,
} from '../../workflows/definition.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import { grpc, grpcCode } from '../deadline.ts';
import { ApiError } from '../errors.ts';
import type { Open } from '../events/payload.ts';
import { stored } from '../runs/keyword.ts';
import { firstLine } from '../runs/question.ts';

/** Whose an agent is. */
export interface Belongs {
  /** As search attributes have it. Undefined: it came with the program, or was made while auth was off. */
  owner: string | undefined;
  shipped: boolean;
}

export type MayUse = (agent: Belongs) => boolean;

/** Whoever may use the one must not come by others through it, nor anybody by writing an agent of a name that has become free. */
export const mayAsk = (asking: Pick<Belongs, 'owner'>, { owner, shipped }: Belongs): boolean =>
  shipped || owner === asking.owner;

/** Where definitions are: what the API and a worker both have. */
export interface Definitions {
  client: Client;
  namespace: string;
  /** Opens a payload of history, stored ones included. */
  open: Open;
  /** Agents for which it is false are not there. Absent: all are. */
  mayUse?: MayUse;
}

export type Found =
  | ({ kind: 'agent'; definition: AgentDefinition; timeline: string } & Belongs)
  /** A shipped one that somebody deleted. */
  | { kind: 'deleted'; timeline: string }
  /** What is kept is none that this program knows: another version wrote it, or its file is gone. */
  | ({ kind: 'unreadable'; timeline: string } & Belongs)
  | { kind: 'none' };

/** More than a definition has: its start, its only task that nobody takes, its end. */
const events = 10;

/** In one call, and as the last write left it. */
export async function findAgent(definitions: Definitions, name: string): Promise<Found> {
  const { client, namespace, open, mayUse = () => true } = definitions;
  const history = await historyOf(client, namespace, definitionId(name));
  const started = history?.[0]?.workflowExecutionStartedEventAttributes;
  const isOpen = history?.at(-1)?.workflowExecutionTerminatedEventAttributes ? false : history !== undefined;
  const [payload] = started?.input?.payloads ?? [];
  if (!started || !payload || !isOpen || started.workflowType?.name !== definitionType) return { kind: 'none' };
  const owner = keywordIn(started.searchAttributes?.indexedFields?.[attributes.Owner.name]);
  const kept = read(await open(payload).catch(lost));
  const timeline = started.originalExecutionRunId ?? '';
  if (kept.kind === 'deleted') return { ...kept, timeline };
  const shipped = kept.kind === 'agent' ? kept.definition.shipped : kept.shipped;
  return mayUse({ owner, shipped }) ? { ...kept, owner, shipped, timeline } : { kind: 'none' };
}

const keyword = z.string().optional();

/** Search attributes are never encoded, nor stored elsewhere. */
const keywordIn = (payload: Payload | null | undefined): string | undefined =>
  payload ? keyword.safeParse(defaultPayloadConverter.fromPayload(payload)).data : undefined;

/** Other faults of the store may pass. */
function lost(error: unknown): undefined {
  if (!(error instanceof ApplicationFailure) || error.type !== 'PayloadMissing') throw error;
}

type Read =
  { kind: 'agent'; definition: AgentDefinition } | { kind: 'deleted' } | { kind: 'unreadable'; shipped: boolean };

function read(kept: unknown): Read {
  const { data } = definition.safeParse(kept);
  if (data) return data.kind === 'agent' ? { kind: 'agent', definition: data } : { kind: 'deleted' };
  return { kind: 'unreadable', shipped: cameAlong.safeParse(kept).success };
}

const cameAlong = z.object({ shipped: z.literal(true) });

export const unreadable = (name: string): ApiError =>
  new ApiError(
    409,
    'agent_unreadable',
    `Agent '${name}' is kept in a form that this version cannot read, or its file is gone from WAYMARK_DATA. Run the version ` +
      `that wrote it or bring the file back; or DELETE /api/agents/${name} and make it anew.`,
  );

async function historyOf(client: Client, namespace: string, workflowId: string) {
  try {
    const asked = { namespace, execution: { workflowId }, maximumPageSize: events };
    return (await client.workflowService.getWorkflowExecutionHistory(asked)).history?.events ?? undefined;
  } catch (error) {
    if (grpcCode(error) === grpc.notFound) return undefined;
    throw error;
  }
}

/** Takes the place of what is there under that name. */
export async function writeAgent({ client }: Definitions, agent: AgentDefinition, owner?: string): Promise<void> {
  await client.workflow.start(definitionType, {
    ...optionsOf(agent, owner),
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
  });
}

/** False: there is one of that name, or was one that came with the program. */
export async function addAgent({ client }: Definitions, agent: AgentDefinition, owner?: string): Promise<boolean> {
  try {
    await client.workflow.start(definitionType, { ...optionsOf(agent, owner), workflowIdConflictPolicy: 'FAIL' });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

export async function removeAgent(
  { client }: Definitions,
  { name, shipped }: Pick<AgentDefinition, 'name' | 'shipped'>,
): Promise<void> {
  if (!shipped)
    return client.workflow
      .getHandle(definitionId(name))
      .terminate('deleted')
      .then(() => undefined);
  const left: Definition = { kind: 'deleted', name };
  await client.workflow.start(definitionType, {
    ...placeOf(name, left),
    typedSearchAttributes: [{ key: attributes.Kind, value: 'definition' }],
    staticSummary: `${name} (deleted)`,
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
  });
}

const placeOf = (name: string, input: Definition) => ({
  workflowId: definitionId(name),
  taskQueue: definitionQueue,
  args: [input],
  workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
});

function optionsOf(agent: AgentDefinition, owner: string | undefined) {
  const { name, description, model, tools, enabled, tags, shipped, created_at, updated_at } = agent;
  return {
    ...placeOf(name, agent),
    memo: { name, description, model, tools, enabled, tags, shipped, created_at, updated_at },
    typedSearchAttributes: [
      { key: attributes.Kind, value: 'definition' },
      { key: attributes.Agent, value: name },
      { key: attributes.CreatedAt, value: new Date(created_at) },
      ...(tags.length > 0 ? [{ key: attributes.Tags, value: tags.map(stored) }] : []),
      ...(owner === undefined ? [] : [{ key: attributes.Owner, value: owner }]),
    ],
    staticSummary: firstLine(`${name}: ${description}`, 120),
  };
}
