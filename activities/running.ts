// An attempt while it runs: its record, its text, and what stops it.
import type { Context } from '@temporalio/activity';
import type { Attempt, AttemptRecord, GateHeader, Partial } from './attempt.ts';
import type { AttemptKey, Hub } from './hub.ts';
import { createPulse } from './pulse.ts';
import { recordOf } from './record.ts';
import { add, nothing, type Spent } from './spent.ts';

export interface Running {
  attempt: Attempt;
  partial(): Partial;
  spentHere(): Spent;
  countFault(): void;
  beat(): void;
  /** Comes back when Temporal has said whether the step is to be aborted; a Temporal that cannot be reached is waited for 2 s. */
  sure(): Promise<void>;
  /** Nothing is beaten, shown or listened to any more. */
  end(): void;
}

export function createRunning(context: Context, hub: Hub, header: GateHeader): Running {
  const key = keyOf(context, header.round);
  const abort = new AbortController();
  let record: AttemptRecord = recordOf(context.info);
  const wasted = record.spent;
  let here = nothing;
  let stopped: Attempt['stopped'];
  const stop = (why: NonNullable<Attempt['stopped']>): void => {
    stopped ??= why;
    abort.abort();
  };
  const pulse = createPulse(context, () => record, stop);
  const voice = createVoice(hub, key);
  const onCancel = (): void => stop(context.cancellationDetails?.cancelRequested ? 'cancelled' : 'lost');
  if (context.cancellationSignal.aborted) onCancel();
  context.cancellationSignal.addEventListener('abort', onCancel, { once: true });
  const late = startLimit(context, () => stop('late'));
  const deaf = hub.onAbortHint(key.run, () => void pulse.ask());

  const attempt: Attempt = {
    key,
    signal: abort.signal,
    wasted,
    resumed: header.resumed,
    get stopped() {
      return stopped;
    },
    get record() {
      return record;
    },
    open: (taken) => voice.open(taken),
    emit: (text) => voice.emit(text),
    spend(spent) {
      here = spent;
      record = { ...record, spent: add(wasted, spent) };
    },
    follow(sequence) {
      record = { ...record, sequence };
    },
    attach(response_id) {
      record = { ...record, response_id, sequence: undefined };
      return pulse.sure();
    },
  };

  return {
    attempt,
    partial: () => {
      const { spent, response_id, sequence } = record;
      return { kind: 'partial', text: voice.text(), spent, response_id, sequence };
    },
    spentHere: () => here,
    countFault() {
      record = { ...record, faults: record.faults + 1 };
    },
    beat: () => pulse.beat(),
    sure: () => pulse.sure(),
    end() {
      pulse.stop();
      clearTimeout(late);
      deaf();
      context.cancellationSignal.removeEventListener('abort', onCancel);
      voice.close();
    },
  };
}

/** What an attempt needs to end and to tell its cost, in ms. */
const endingMs = 5000;

/**
 * Ends an attempt before Temporal does: it would take the step again up to 20 times, each time paid for, and nobody would
 * be told.
 */
function startLimit({ info }: Context, end: () => void): NodeJS.Timeout | undefined {
  const { startToCloseTimeoutMs: limit } = info;
  return limit > 0 ? setTimeout(end, Math.max(limit - endingMs, limit / 2)) : undefined;
}

function keyOf({ info }: Context, round: number): AttemptKey {
  const { workflowExecution, activityId: step, attempt } = info;
  return { run: workflowExecution?.workflowId ?? '', timeline: workflowExecution?.runId ?? '', step, round, attempt };
}

interface Voice {
  open(taken: string): void;
  emit(text: string): void;
  text(): string;
  close(): void;
}

/** A step that says nothing (a page, a file) leaves no trace in the hub. */
function createVoice(hub: Hub, key: AttemptKey): Voice {
  let said: string | undefined;
  const open = (taken: string): void => {
    said = taken;
    hub.publish({ kind: 'opened', offset: taken.length, text: taken, ...key });
  };
  return {
    open,
    emit(text) {
      if (said === undefined) open('');
      const offset = said?.length ?? 0;
      said = (said ?? '') + text;
      hub.publish({ kind: 'delta', offset, text, ...key });
    },
    text: () => said ?? '',
    close() {
      if (said !== undefined) hub.publish({ kind: 'closed', ...key });
    },
  };
}
