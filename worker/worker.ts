// A worker: takes workflow tasks and steps from Temporal and runs them.
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import {
  type ActivityInterceptorsFactory,
  type NativeConnection,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { alive } from '../activities/alive.ts';
import { createReadJournal } from '../activities/journal/journal.ts';
import { createHistoryReader, type HistoryReader } from '../activities/journal/reader.ts';
import { createReadSuperseded } from '../activities/journal/superseded.ts';
import type { SessionActivities } from '../activities/session/turn.ts';
import { openHistory } from '../temporal/payloads.ts';
import { journalQueue } from '../workflows/runtime/messages.ts';

export interface WorkerDeps {
  connection: NativeConnection;
  client: Client;
  dataConverter: DataConverter;
  /** Workflows and their steps share it. */
  taskQueue: string;
  /** The shipped activities; a worker of one's own may register more. */
  activities: object;
  /** The activities of sessions (worker/turns.ts): they run beside the journals. Absent: no session goes on here. */
  turns?: SessionActivities;
  /** Makes every activity execution an attempt (activities/attempt.ts). */
  attempts: ActivityInterceptorsFactory;
  workflowBundle: WorkflowBundleOption;
  /** Steps at once. */
  slots: number;
  /** How long a workflow task waits for the worker that has the run in memory before any other may take it. */
  stickyTimeout: '1s' | '5s';
  /** How long steps in flight may go on after a shutdown was asked for; then they are aborted and retried elsewhere. */
  shutdownGraceMs: number;
  /** How journals read histories; from Temporal without it. */
  readHistory?: HistoryReader;
  /** Runs held in memory at most; the SDK's own measure without it. */
  cachedWorkflows?: number;
}

/** Takes workflow tasks and steps; and reads journals, on a task queue beside. */
export interface Workers {
  /** Settles when both have ended; rejects when one ended by a fault of its own. */
  run(): Promise<void>;
  shutdown(): void;
  getState(): ReturnType<Worker['getState']>;
}

export async function createWorker(deps: WorkerDeps): Promise<Workers> {
  const [steps, journals] = await Promise.all([createStepWorker(deps), createJournalWorker(deps)]);
  const stop = (worker: Worker) => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    async run() {
      // When one falls, the other must not go on as if all were well.
      const ends = [steps.run().finally(() => stop(journals)), journals.run().finally(() => stop(steps))];
      const outcomes = await Promise.allSettled(ends);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    },
    shutdown() {
      stop(steps);
      stop(journals);
    },
    getState: () => steps.getState(),
  };
}

/** Few at once: a journal reads a whole history. */
function createJournalWorker(deps: WorkerDeps) {
  const { connection, client, dataConverter, taskQueue, shutdownGraceMs } = deps;
  const read = deps.readHistory ?? createHistoryReader(client, openHistory(dataConverter));
  return Worker.create({
    connection,
    namespace: client.options.namespace,
    taskQueue: journalQueue(taskQueue),
    dataConverter,
    activities: {
      readJournal: alive(createReadJournal(read)),
      readSuperseded: createReadSuperseded(client, read),
      ...deps.turns,
    },
    maxConcurrentActivityTaskExecutions: 10,
    maxConcurrentActivityTaskPolls: 2,
    shutdownGraceTime: shutdownGraceMs,
    shutdownForceTime: shutdownGraceMs + 10_000,
  });
}

function createStepWorker(deps: WorkerDeps): Promise<Worker> {
  return Worker.create({
    connection: deps.connection,
    namespace: deps.client.options.namespace,
    taskQueue: deps.taskQueue,
    dataConverter: deps.dataConverter,
    activities: deps.activities,
    interceptors: { activity: [deps.attempts] },
    workflowBundle: deps.workflowBundle,
    maxConcurrentActivityTaskExecutions: deps.slots,
    maxEagerActivityReservationsPerWorkflowTask: Math.min(deps.slots, 10),
    ...(deps.cachedWorkflows !== undefined && { maxCachedWorkflows: deps.cachedWorkflows }),
    stickyQueueScheduleToStartTimeout: deps.stickyTimeout,
    // An abort reaches an attempt with the answer to a heartbeat: this bounds how late.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: deps.shutdownGraceMs,
    // Attempts that are aborted then have this long to say so.
    shutdownForceTime: deps.shutdownGraceMs + 10_000,
  });
}
