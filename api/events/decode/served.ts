// What a journal's jobs and commands mean: the same facts as the events that they were made of.
import type { Payload } from '@temporalio/common';
import type { Batch, Command, Job, Json, Opening } from '../../../activities/journal/batch.ts';
import { unpack } from '../../../workflows/runtime/journal/unpack.ts';
import { faultOf, rootOf, type Failure } from '../failure.ts';
import type { Fact } from '../happening.ts';
import { openFirst, openPayload, valueOf, type Open } from '../payload.ts';
import { factOfSignal } from './message.ts';

/** A batch, as far as streams need it. */
export type Served = Pick<Batch, 'at' | 'event' | 'time' | 'jobs' | 'commands'> & {
  splice?: Pick<Opening, 'kind' | 'account'>;
  open?: object;
};

/** `child`: the command that started the child which the job is about. */
export async function factOfJob(
  { kind, of = 0, told }: Job,
  child: (of: number) => Command | undefined,
  open: Open,
): Promise<Fact | undefined> {
  switch (kind) {
    case 'signalWorkflow': {
      const name = told['signalName'];
      const fact = typeof name === 'string' ? await factOfSignal(name, payloadsIn(told), open) : undefined;
      return fact && asServed(fact);
    }
    case 'doUpdate':
      if (told['name'] !== 'answer') return undefined;
      return { kind: 'wait_answered', answer: valueOf(await openFirst(payloadsIn(told), open)) };
    case 'cancelWorkflow':
      return { kind: 'cancel_requested' };
    case 'resolveActivity':
      return outcomeOf(of, unpack<{ result?: Resolution }>(told).result ?? {}, open);
    case 'resolveChildWorkflowExecutionStart': {
      const { child: run, name: workflow = '' } = child(of) ?? {};
      return 'succeeded' in told && run !== undefined
        ? { kind: 'child_started', initiated: of, run, workflow }
        : undefined;
    }
    case 'resolveChildWorkflowExecution':
      return childOutcome(of, unpack<{ result?: Resolution }>(told).result ?? {}, open);
    case 'fireTimer':
    case 'notifyHasPatch':
    case 'updateRandomSeed':
    case 'resolveSignalExternalWorkflow':
    case 'resolveRequestCancelExternalWorkflow':
      return undefined;
  }
}

export async function factOfCommand({ kind, event, name = '', step }: Command, open: Open): Promise<Fact | undefined> {
  if (kind === 'requestCancelActivity') return { kind: 'step_cancel_requested', scheduled: event };
  if (kind !== 'scheduleActivity' || !step) return undefined;
  const input = step.input === undefined ? undefined : await openPayload(open, unpack<Payload>(step.input));
  return { kind: 'step_scheduled', step: step.id, activity: name, name: step.name || name, input };
}

/** What a run showed of itself stands in no journal: its pauses are told by what it was asked. */
function asServed(fact: Fact): Fact {
  if (fact.kind === 'answered') return { kind: 'wait_answered', answer: fact.answer };
  if (fact.kind === 'asked') return { kind: 'state', state: fact.to === 'resume' ? 'running' : 'stopping' };
  return fact;
}

/** sdk-core's words for how a step or a child came out. */
interface Resolution {
  completed?: { result?: Payload };
  failed?: { failure?: Failure };
  cancelled?: { failure?: Failure };
}

async function outcomeOf(
  scheduled: number,
  { completed, failed, cancelled }: Resolution,
  open: Open,
): Promise<Fact | undefined> {
  if (completed) {
    const result = completed.result && (await openPayload(open, completed.result));
    return { kind: 'step_completed', scheduled, result };
  }
  const failure = (failed ?? cancelled)?.failure;
  if (!failure) return undefined;
  const root = rootOf(failure);
  if (cancelled) {
    const left = valueOf(await openFirst(root.canceledFailureInfo?.details, open));
    return { kind: 'step_cancelled', scheduled, left };
  }
  const error = await faultOf(failure, open);
  const late = root.timeoutFailureInfo;
  if (!late) return { kind: 'step_failed', scheduled, error };
  return { kind: 'step_timed_out', scheduled, error, left: valueOf(await openFirst(late.lastHeartbeatDetails, open)) };
}

async function childOutcome(initiated: number, { failed, cancelled }: Resolution, open: Open): Promise<Fact> {
  if (cancelled) return { kind: 'child_ended', initiated, status: 'cancelled' };
  if (!failed) return { kind: 'child_ended', initiated, status: 'completed' };
  return { kind: 'child_ended', initiated, status: 'failed', error: await faultOf(failed.failure, open) };
}

function payloadsIn({ input }: { [key: string]: Json }): { payloads: Payload[] } {
  return { payloads: Array.isArray(input) ? unpack<Payload[]>(input) : [] };
}
