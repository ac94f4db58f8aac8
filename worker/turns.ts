// What a worker begins the turns of sessions with: agents as they are kept, and runs as the API starts them.
import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { CancelledFailure, type DataConverter, type StorageDriver } from '@temporalio/common';
import { createConversations } from '../activities/model/conversation.ts';
import type { RunState, SessionActivities } from '../activities/session/turn.ts';
import { createSessionActivities, type TurnRun } from '../activities/session/turns.ts';
import type { MayUse } from '../api/agents/definitions.ts';
import { resolveAgent } from '../api/agents/resolve.ts';
import { agentRun } from '../api/chat/agent-run.ts';
import { grpc, grpcCode } from '../api/deadline.ts';
import { responseOf } from '../api/events/ending.ts';
import type { Open } from '../api/events/payload.ts';
import { createStreams } from '../api/events/streams.ts';
import { type RunStart, startOptions } from '../api/runs/start.ts';
import { openPayloads } from '../temporal/payloads.ts';

export interface TurnParts {
  client: Client;
  taskQueue: string;
  dataConverter: DataConverter;
  blobs: StorageDriver;
}

/** A withdrawn run is cancelled before its first task, so that it does nothing. */
const withdrawnDelay = '500ms';

export function createTurns({ client, taskQueue, dataConverter, blobs }: TurnParts): SessionActivities {
  const { namespace } = client.options;
  const payloads = openPayloads(dataConverter);
  const open: Open = (payload) => payloads.value([payload]);
  const streams = createStreams({ connection: client.connection, namespace, open, hub: undefined });
  return createSessionActivities(createConversations(blobs), {
    async agent({ agent_id, owner, agent_owner }) {
      const mayUse: MayUse = (agent) => owner === undefined || agent.shipped || agent.owner === agent_owner;
      const found = await resolveAgent({ client, namespace, open, mayUse }, agent_id);
      if (!found?.definition.enabled) return undefined;
      const { agent } = found;
      return {
        memory: agent.config.memory,
        start: ({ withdrawn, ...run }: TurnRun) =>
          withdrawn
            ? withdraw(client, taskQueue, agentRun({ ...run, agent }))
            : begin(client, taskQueue, agentRun({ ...run, agent })),
      };
    },
    response: (run_id, left) => responseTo(client, run_id, left, async () => (await streams.view(run_id)).response),
    state: (run_id) => stateOf(client, run_id),
  });
}

async function begin(client: Client, taskQueue: string, run: RunStart): Promise<'started' | 'refused'> {
  return once(() => client.workflow.start(run.workflow, startOptions({ taskQueue, eagerStart: true }, run)));
}

async function withdraw(client: Client, taskQueue: string, run: RunStart): Promise<'started' | 'refused'> {
  const options = { ...startOptions({ taskQueue, eagerStart: false }, run), startDelay: withdrawnDelay } as const;
  const kind = await once(() => client.workflow.start(run.workflow, options));
  if (kind === 'started') await client.workflow.getHandle(run.id).cancel().catch(ended);
  return kind;
}

/** One that an earlier attempt has started is started. What Temporal can never take is refused; other faults pass. */
async function once(start: () => Promise<unknown>): Promise<'started' | 'refused'> {
  try {
    await start();
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'started';
    if (grpcCode(error) === grpc.invalidArgument) return 'refused';
    throw error;
  }
}

function ended(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** A worker's connection cannot break a call off, it only knows deadlines: a wait that nobody waits for any more ends after so long. */
const askedAnewMs = 5000;

async function resultOf(client: Client, run_id: string, left: AbortSignal): Promise<unknown> {
  const run = client.workflow.getHandle(run_id);
  for (;;) {
    left.throwIfAborted();
    try {
      return await client.withDeadline(Date.now() + askedAnewMs, () => run.result());
    } catch (error) {
      if (grpcCode(error) !== grpc.deadlineExceeded && grpcCode(error) !== grpc.cancelled) throw error;
    }
  }
}

/** A run that failed has answered nothing; what a cancelled one had said stands in its history. */
async function responseTo(
  client: Client,
  run_id: string,
  left: AbortSignal,
  partial: () => Promise<string | null>,
): Promise<string | null | undefined> {
  try {
    return responseOf(await resultOf(client, run_id, left));
  } catch (error) {
    if (isGone(error)) return undefined;
    if (!(error instanceof WorkflowFailedError)) throw error;
    return error.cause instanceof CancelledFailure ? partial() : null;
  }
}

async function stateOf(client: Client, run_id: string): Promise<RunState> {
  try {
    const { status } = await client.workflow.getHandle(run_id).describe();
    return status.name === 'RUNNING' ? 'open' : 'ended';
  } catch (error) {
    if (isGone(error)) return 'gone';
    throw error;
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof WorkflowNotFoundError || (isGrpcServiceError(error) && grpcCode(error) === grpc.notFound);
