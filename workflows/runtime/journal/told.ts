// Hands a batch's jobs to the code, through the methods of the SDK that take sdk-core's own.
import type { Batch, Job, JobKind, Json } from '../../../activities/journal/batch.ts';
import { handOver, isAwaited, replayedUpdate, setSeed } from '../sdk.ts';
import { unpack } from './unpack.ts';

type Told = { [key: string]: Json };
type Take = Parameters<typeof handOver>[0];

/** By the kind of job. `of`: the seq of the command that it answers. */
const takers: Record<JobKind, (told: Told, of: number, id: string) => Take> = {
  notifyHasPatch: (told) => (code) => code.notifyHasPatch(unpack(told)),
  updateRandomSeed: (told) => () => setSeed(unpack<{ seed: number[] }>(told).seed),
  signalWorkflow: (told) => (code) => code.signalWorkflow(unpack(told)),
  doUpdate: (told, _, id) => (code) =>
    code.doUpdate({ ...unpack<object>(told), protocolInstanceId: id, runValidator: false }),
  cancelWorkflow: () => (code) => code.cancelWorkflow({}),
  fireTimer: (_, seq) => (code) => code.fireTimer({ seq }),
  resolveActivity: (told, seq) => (code) => code.resolveActivity({ ...unpack<object>(told), seq }),
  resolveChildWorkflowExecutionStart: (told, seq) => (code) =>
    code.resolveChildWorkflowExecutionStart({ ...unpack<object>(told), seq }),
  resolveChildWorkflowExecution: (told, seq) => (code) =>
    code.resolveChildWorkflowExecution({ ...unpack<object>(told), seq }),
  resolveSignalExternalWorkflow: (told, seq) => (code) =>
    code.resolveSignalExternalWorkflow({ ...unpack<object>(told), seq }),
  resolveRequestCancelExternalWorkflow: (told, seq) => (code) =>
    code.resolveRequestCancelExternalWorkflow({ ...unpack<object>(told), seq }),
};

const completions: Partial<Record<JobKind, Parameters<typeof isAwaited>[0]>> = {
  fireTimer: 'timer',
  resolveActivity: 'activity',
  resolveChildWorkflowExecutionStart: 'childWorkflowStart',
  resolveChildWorkflowExecution: 'childWorkflowComplete',
};

/** What the code no longer waits for (a step that it cancelled without waiting) is dropped, as sdk-core does. */
export function tell({ kind, told, event }: Job, { timeline }: Batch['at'], of = 0): void {
  const completion = completions[kind];
  if (completion && !isAwaited(completion, of)) return;
  handOver(takers[kind](told, of, replayedUpdate(event, timeline)));
}

/** The patches that a journal has told of. */
export const patchesIn = (jobs: Job[]): string[] =>
  jobs.flatMap(({ kind, told }) =>
    kind === 'notifyHasPatch' && typeof told['patchId'] === 'string' ? [told['patchId']] : [],
  );
