// One model step under the retry policy of every step, without the runtime: what an attempt alone does, and what it leaves.
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  defineSignal,
  proxyActivities,
  setHandler,
  sleep,
  type ActivityOptions,
  type WorkflowInterceptors,
} from '@temporalio/workflow';
import { defaultPayloadConverter } from '@temporalio/common';
import type { GateHeader, SpentReport } from '../../activities/attempt.ts';
import type { Activities } from '../../activities/index.ts';
import { leftBy, type Left } from '../../workflows/runtime/abort.ts';
import type { ModelReply, ModelRequest } from '../../activities/model/model.ts';

export interface Ending {
  reply?: ModelReply;
  /** ApplicationFailure's type and message. */
  failure?: { type: string; message: string; nonRetryable: boolean };
  /** What an aborted attempt left behind. */
  left?: Left;
  spent: SpentReport[];
}

const spent = defineSignal<[SpentReport]>('spent');
const abort = defineSignal('abort');

let header: GateHeader | undefined;

const options: ActivityOptions = {
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '2500ms',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { maximumAttempts: 20, initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '10s' },
};

/** @param more options of the step; its task queue, when absent, is where the workflow runs */
export async function oneStep(request: ModelRequest, told?: GateHeader, more?: ActivityOptions): Promise<Ending> {
  header = told;
  const { callModel } = proxyActivities<Activities>({ ...options, ...more });
  const reports: SpentReport[] = [];
  const scope = new CancellationScope();
  setHandler(spent, (report) => void reports.push(report));
  setHandler(abort, () => scope.cancel());
  const end = await scope.run(() => callModel(request)).then((reply) => ({ reply }), describe);
  // A report that is on its way would miss a run that has ended.
  await CancellationScope.nonCancellable(() => sleep(50));
  return { ...end, spent: reports };
}

function describe(error: unknown): Omit<Ending, 'spent'> {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const { type, message, nonRetryable } = cause;
    return { failure: { type: type ?? '', message, nonRetryable: nonRetryable ?? false } };
  }
  return { left: leftBy(error) };
}

export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        const headers = header
          ? { ...input.headers, waymark: defaultPayloadConverter.toPayload(header) }
          : input.headers;
        return next({ ...input, headers });
      },
    },
  ],
});
