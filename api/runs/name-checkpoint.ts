// Names the point at which a run is: the signal stands in its history, and that is the checkpoint.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { type CheckpointName, nameCheckpoint as signal } from '../../workflows/runtime/messages.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { checkpointId } from './checkpoint-id.ts';
import { requireRun } from './describe.ts';
import type { Named } from './fork-shape.ts';
import { readStatus } from './progress.ts';
import { isEnded } from './status.ts';

export type Naming = Pick<CheckpointName, 'description'> & { tags?: string[] };

/** Throws ApiError: 404 unknown, 409 ended. */
export async function nameCheckpoint(deps: Core, run: string, { description, tags = [] }: Naming): Promise<Named> {
  return withDeadline(deps, async () => {
    const found = await requireRun(deps, run);
    const status = await readStatus(deps, found);
    if (isEnded(status)) throw ended(run, `it is already ${status}`);
    const name: CheckpointName = { description, tags, mark: randomUUID() };
    try {
      await deps.client.workflow.getHandle(run).signal(signal, name);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw ended(run, 'it ended before the name reached it');
      throw error;
    }
    const { timeline, event, at } = await findMark(deps, run, name.mark);
    return { id: checkpointId({ run, timeline, event }), run_id: run, description, tags, created_at: at };
  });
}

const ended = (run: string, why: string): ApiError =>
  new ApiError(409, 'run_ended', `Cannot name a checkpoint of run '${run}': ${why}.`);

interface Marked {
  timeline: string;
  event: number;
  at: string;
}

/** A signal that comes in the middle of a workflow task stands in history when that has ended: a few ms later. */
const [looks, betweenMs] = [20, 50];

/** The run may have gone on in a new timeline meanwhile. */
async function findMark(deps: Core, run: string, mark: string | undefined): Promise<Marked> {
  for (let look = 0; look < looks; look++) {
    if (look > 0) await sleep(betweenMs);
    const found = await lookForMark(deps, run, mark);
    if (found) return found;
  }
  throw new ApiError(409, 'run_rewound', `Run '${run}' went on in another timeline just now. Ask again.`);
}

/** Among the newest events. */
async function lookForMark(deps: Core, run: string, mark: string | undefined): Promise<Marked | undefined> {
  const { runId: timeline } = await requireRun(deps, run);
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await deps.client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: deps.namespace,
      execution: { workflowId: run, runId: timeline },
      maximumPageSize: 100,
      nextPageToken,
    });
    for (const { eventId, eventTime, workflowExecutionSignaledEventAttributes: told } of page.history?.events ?? []) {
      const payload = told?.signalName === signal.name ? told.input?.payloads?.[0] : undefined;
      if (!payload || !isMarked(await deps.open(payload), mark)) continue;
      const at = new Date(Number(eventTime?.seconds ?? 0) * 1000 + Math.floor((eventTime?.nanos ?? 0) / 1e6));
      return { timeline, event: Number(eventId), at: at.toISOString() };
    }
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
  } while (nextPageToken);
  return undefined;
}

const isMarked = (value: unknown, mark: string | undefined): boolean =>
  typeof value === 'object' && value !== null && 'mark' in value && value.mark === mark;
