// What is held of runs, asked past the service: it is the service that is measured.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { clientConnection } from '../temporal/connection.ts';
import type { TemporalServer } from './child.ts';

export interface Histories {
  /** Settles when the run has ended. @throws when it did not complete */
  ended(run: string): Promise<void>;
  /** Of a run that has continued as new, all that it has continued from, too. */
  sizeOf(run: string): Promise<{ timelines: number; bytes: number }>;
  /** The events of the newest timeline that completed its last steps, the newest first: so many, or all that it took. */
  newestSteps(run: string, most: number): Promise<{ timeline: string; event: number }[]>;
  /** Of all payloads that are too large for a history: it refers to them, and equal ones are held once. */
  storedBytes(): Promise<number>;
  close(): Promise<void>;
}

/** Seldom enough not to disturb. */
const pollMs = 50;
/** Of a history, for a step: three of its own, three of the workflow task that takes its result. */
const eventsPerStep = 6;

/** @param payloads the folder of the large ones */
export function openHistories({ address, namespace }: TemporalServer, payloads: string): Histories {
  const connection = clientConnection({ address });
  const { workflow, workflowService } = new Client({ connection, namespace });
  const execution = (workflowId: string, runId: string) => ({ namespace, execution: { workflowId, runId } });
  const before = async (run: string, timeline: string): Promise<string | undefined> => {
    const request = { ...execution(run, timeline), maximumPageSize: 1 };
    const { history } = await workflowService.getWorkflowExecutionHistory(request);
    return history?.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  };
  return {
    async ended(run) {
      for (;;) {
        const { name } = (await workflow.getHandle(run).describe()).status;
        if (name === 'COMPLETED') return;
        if (name !== 'RUNNING') throw new Error(`Run ${run} has ended as ${name}.`);
        await sleep(pollMs);
      }
    },
    async sizeOf(run) {
      const size = { timelines: 0, bytes: 0 };
      for (let timeline: string | undefined; size.timelines === 0 || timeline !== undefined; size.timelines++) {
        const { runId, historySize = 0 } = await workflow.getHandle(run, timeline).describe();
        size.bytes += historySize;
        timeline = await before(run, runId);
      }
      return size;
    },
    async newestSteps(run, most) {
      const { runId: timeline } = await workflow.getHandle(run).describe();
      const request = { ...execution(run, timeline), maximumPageSize: (most + 1) * eventsPerStep };
      const { history } = await workflowService.getWorkflowExecutionHistoryReverse(request);
      const events = history?.events ?? [];
      const idle = events.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'idle');
      const taken = new Set(idle.map(({ eventId }) => Number(eventId)));
      return events
        .filter((event) => taken.has(Number(event.activityTaskCompletedEventAttributes?.scheduledEventId)))
        .map(({ eventId }) => ({ timeline, event: Number(eventId) }))
        .slice(0, most);
    },
    storedBytes: () => bytesIn(payloads),
    close: () => connection.close(),
  };
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
