// Keeps agents as definitions in Temporal: read, written, deleted. No worker is needed for any of it.
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
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
import type { Open } from '../events/payload.ts';
import { stored } from '../runs/keyword.ts';
import { firstLine } from '../runs/question.ts';

/** Where definitions are: what the API and a worker both have. */
export interface Definitions {
  client: Client;
  namespace: string;
  /** Opens a payload of history, stored ones included. */
  open: Open;
}

export type Found =
  | { kind: 'agent'; definition: AgentDefinition; timeline: string }
  /** A shipped one that somebody deleted. */
  | { kind: 'deleted'; timeline: string }
  | { kind: 'none' };

/** More than a definition has: its start, its only task that nobody takes, its end. */
const events = 10;

/** In one call, and as the last write left it. */
export async function findAgent({ client, namespace, open }: Definitions, name: string): Promise<Found> {
  const history = await historyOf(client, namespace, definitionId(name));
  const started = history?.[0]?.workflowExecutionStartedEventAttributes;
  const isOpen = history?.at(-1)?.workflowExecutionTerminatedEventAttributes ? false : history !== undefined;
  const [payload] = started?.input?.payloads ?? [];
  if (!started || !payload || !isOpen || started.workflowType?.name !== definitionType) return { kind: 'none' };
  const found: Definition = definition.parse(await open(payload));
  const timeline = started.originalExecutionRunId ?? '';
  return found.kind === 'agent' ? { kind: 'agent', definition: found, timeline } : { kind: 'deleted', timeline };
}

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
export async function writeAgent({ client }: Definitions, agent: AgentDefinition): Promise<void> {
  await client.workflow.start(definitionType, { ...optionsOf(agent), workflowIdConflictPolicy: 'TERMINATE_EXISTING' });
}

/** False: there is one of that name, or was one that came with the program. */
export async function addAgent({ client }: Definitions, agent: AgentDefinition): Promise<boolean> {
  try {
    await client.workflow.start(definitionType, { ...optionsOf(agent), workflowIdConflictPolicy: 'FAIL' });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

export async function removeAgent({ client }: Definitions, { name, shipped }: AgentDefinition): Promise<void> {
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

function optionsOf(agent: AgentDefinition) {
  const { name, description, model, tools, enabled, tags, created_at, updated_at } = agent;
  return {
    ...placeOf(name, agent),
    memo: { name, description, model, tools, enabled, tags, created_at, updated_at },
    typedSearchAttributes: [
      { key: attributes.Kind, value: 'definition' },
      { key: attributes.Agent, value: name },
      { key: attributes.CreatedAt, value: new Date(created_at) },
      ...(tags.length > 0 ? [{ key: attributes.Tags, value: tags.map(stored) }] : []),
    ],
    staticSummary: firstLine(`${name}: ${description}`, 120),
  };
}
