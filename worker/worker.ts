// A worker: takes workflow tasks and steps from Temporal and runs them.
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import {
  type ActivityInterceptorsFactory,
  type NativeConnection,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';

export interface WorkerDeps {
  connection: NativeConnection;
  client: Client;
  dataConverter: DataConverter;
  /** Workflows and their steps share it. */
  taskQueue: string;
  /** The shipped activities; a worker of one's own may register more. */
  activities: object;
  /** Makes every activity execution an attempt (activities/attempt.ts). */
  attempts: ActivityInterceptorsFactory;
  workflowBundle: WorkflowBundleOption;
  /** Steps at once. */
  slots: number;
  /** How long a workflow task waits for the worker that has the run in memory before any other may take it. */
  stickyTimeout: '1s' | '5s';
  /** How long steps in flight may go on after a shutdown was asked for; then they are aborted and retried elsewhere. */
  shutdownGraceMs: number;
}

export function createWorker(deps: WorkerDeps): Promise<Worker> {
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
    stickyQueueScheduleToStartTimeout: deps.stickyTimeout,
    // An abort reaches an attempt with the answer to a heartbeat: this bounds how late.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: deps.shutdownGraceMs,
    // Attempts that are aborted then have this long to say so.
    shutdownForceTime: deps.shutdownGraceMs + 10_000,
  });
}
