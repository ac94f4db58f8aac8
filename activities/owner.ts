// The owner of attempts: an activity interceptor that makes one of each execution, tells Temporal how it ended and its run
// what it cost.
import { setTimeout as sleep } from 'node:timers/promises';
import { CompleteAsyncError, type Context } from '@temporalio/activity';
import { CancelledFailure, type ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { attempts, type Partial, type SpentReport } from './attempt.ts';
import { Fault, judge } from './failures.ts';
import { untilHeard } from './hearing.ts';
import type { Hub } from './hub.ts';
import { untilKept } from './keeping.ts';
import { headerOf } from './record.ts';
import { createRunning, type Running } from './running.ts';
import { isNothing } from './spent.ts';

/** How long an attempt that failed tries to tell its run what it cost, in ms. */
const reportMs = 2000;
/** How long an abort that Temporal told us is waited for from the SDK, in ms: its next beat brings it. */
const echoMs = 3000;
/** The signal that workflows/runtime/messages.ts defines. */
const spentSignal = 'spent';

export interface AttemptDeps {
  hub: Hub;
  /** Stores a result that is too large for histories. Absent: the SDK does, without a heartbeat and in one try. */
  keep?: (result: unknown) => Promise<void>;
}

/** For `interceptors.activity` of a worker. */
export const attemptInterceptor =
  ({ hub, keep }: AttemptDeps): ActivityInterceptorsFactory =>
  (context) => ({
    inbound: {
      async execute(input, next) {
        const running = createRunning(context, hub, headerOf(input.headers));
        try {
          await untilHeard(context, running);
          const result = await attempts.run(running.attempt, () => next(input));
          if (keep) await untilKept(running.attempt.signal, () => keep(result));
          return result;
        } catch (error) {
          throw await ending(context, running, error);
        } finally {
          running.end();
        }
      },
    },
  });

/** What the execution must throw so that Temporal and the gate take it for what it was. */
async function ending(context: Context, running: Running, error: unknown): Promise<Error> {
  switch (running.attempt.stopped) {
    case 'cancelled':
      return cancelled(context, running.partial());
    case 'lost':
      return lost(context, running);
    case 'late':
      return failed(context, running, tooLong());
    case undefined:
      return failed(context, running, error);
  }
}

const tooLong = (): Fault =>
  new Fault(
    'StepTooLong',
    'The step took longer than it may. Ask for less in one step, or give it more time (startToCloseTimeout in its workflow).',
  );

async function cancelled(context: Context, partial: Partial): Promise<Error> {
  const failure = new CancelledFailure('The attempt was aborted.', [partial]);
  if (context.cancellationDetails?.cancelRequested) return failure;
  try {
    // Temporal told us before its SDK knows, and the SDK would report this as a failure.
    await context.client.activity.reportCancellation(context.info.taskToken, partial);
    return new CompleteAsyncError();
  } catch {
    await Promise.race([context.cancelled.catch(() => undefined), sleep(echoMs)]);
    return failure;
  }
}

/** A worker that stops, or a step that is nobody's any more: no fault of the step, and no abort that a user asked for. */
function lost(context: Context, running: Running): Error {
  const details = context.cancellationDetails;
  if (details && !details.workerShutdown) return new CancelledFailure('The attempt was taken from this worker.');
  running.beat();
  const fault = new Fault('WorkerStopped', 'The worker stopped during this step; another attempt takes it up.');
  return judge(fault, running.attempt.record.faults).failure;
}

async function failed(context: Context, running: Running, error: unknown): Promise<Error> {
  const { failure, counts } = judge(error, running.attempt.record.faults);
  if (counts) running.countFault();
  // The SDK sends the last record along with the failure: the next attempt begins with it.
  running.beat();
  if (failure.type === 'StepFailed' || failure.type === 'StorageUnavailable') {
    context.log.error('A step ended with an error that is not of the provider or the page', { error });
  }
  await report(context, running, failure);
  return failure;
}

/** A failed attempt leaves nothing in history: without this its run would not know what it cost. */
async function report(context: Context, running: Running, failure: ApplicationFailure): Promise<void> {
  const { key, record } = running.attempt;
  // What the attempts before spent they told themselves, unless they were lost with their worker.
  if (isNothing(failure.nonRetryable ? record.spent : running.spentHere())) return;
  const { step, round, attempt } = key;
  const told: SpentReport = { step, round, attempt, spent: record.spent, error: failure.type ?? 'StepFailed' };
  const { client } = context;
  try {
    await client.withDeadline(Date.now() + reportMs, () =>
      client.workflow.getHandle(key.run, key.timeline).signal(spentSignal, told),
    );
  } catch (error) {
    context.log.warn('The cost of a failed attempt could not be told to its run', { error });
  }
}
