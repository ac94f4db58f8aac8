// Continue-as-new by itself: a timeline whose history is long hands over to one that begins with its journal.
import { defaultPayloadConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import { workflowInfo } from '@temporalio/workflow';
import type { Opening } from '../../../activities/journal/batch.ts';
import { awaited, complete, type InitialJob, isCompleted, type SdkCommand } from '../sdk.ts';
import { keyOf, read } from './commands.ts';

/** Temporal's hard limits are 51,200 events and 50 MB: https://docs.temporal.io/workflow-execution/limits */
const most = { events: 40_000, bytes: 40 * 1024 * 1024 };

/** From here on nothing new is begun until the run can continue in a new timeline. */
export function isFull(): boolean {
  const { historyLength, historySize } = workflowInfo();
  return historyLength >= most.events || historySize >= most.bytes;
}

/**
 * The commands with which this timeline ends, when it may and nothing is in flight; else undefined. What the code has just
 * begun is held back: the next timeline finds it unrecorded and does it. `target`: another point to go on from.
 */
export function rollOver(
  commands: SdkCommand[],
  initial: InitialJob,
  { target, steps }: { target: Opening | undefined; steps: number },
): SdkCommand[] | undefined {
  const info = workflowInfo();
  if (isCompleted() || (!info.continueAsNewSuggested && !target)) return undefined;
  if (commands.some(({ respondToQuery }) => respondToQuery != null)) return undefined;
  const begun = new Set(commands.flatMap(startsIn));
  if (isBusy(begun, target !== undefined)) return undefined;
  complete();
  const kept = commands.filter((command) => startsIn(command).length === 0 && !cancels(command, begun));
  const source = { run: info.workflowId, timeline: info.runId };
  const { args, ...to }: Opening = target ?? { kind: 'continue', source };
  const given = args ? args.map((arg) => defaultPayloadConverter.toPayload(arg)) : initial.arguments;
  const next = { ...initial, arguments: given };
  return [...kept, continueAs({ ...to, from: info.runId }, next, taskTimeoutMs(steps))];
}

function startsIn(command: SdkCommand): string[] {
  const is = read(command);
  return is.is === 'start' ? [keyOf(is.kind, is.seq)] : [];
}

function cancels(command: SdkCommand, begun: ReadonlySet<string>): boolean {
  const is = read(command);
  return is.is === 'cancel' && begun.has(keyOf(is.of, is.seq));
}

/** A restore does not wait for children: they end with this timeline, and are forked where the checkpoint has them. */
function isBusy(begun: ReadonlySet<string>, restores: boolean): boolean {
  const { activities, children, others, updates } = awaited();
  const inFlight = activities.some((seq) => !begun.has(keyOf('scheduleActivity', seq)));
  if (inFlight || restores) return inFlight;
  const open = children.some((seq) => !begun.has(keyOf('startChildWorkflowExecution', seq)));
  const sent = [...begun].filter((key) => key.startsWith('signal') || key.startsWith('requestCancel')).length;
  // Who waits for the answer to an update that never ends loses it in the end, and not the run.
  return open || others > sent || (updates > 0 && !isFull());
}

/** A cold worker replays the whole journal within one workflow task: 5 ms a step; Temporal's default and its maximum bound it. */
export function taskTimeoutMs(steps: number): number {
  return Math.min(120_000, Math.max(10_000, steps * 5));
}

function continueAs(opening: Opening, { arguments: args, headers }: InitialJob, timeoutMs: number): SdkCommand {
  const { workflowType, taskQueue, memo } = workflowInfo();
  const { limits_now, ...kept } = memo ?? {};
  // A checkpoint has the limits of its time.
  const handed = opening.kind === 'continue' && limits_now !== undefined ? { ...kept, limits_now } : kept;
  const fields = Object.entries({ ...handed, fork: opening }).map(
    ([key, value]) => [key, defaultPayloadConverter.toPayload(value)] as const,
  );
  return {
    continueAsNewWorkflowExecution: {
      workflowType,
      taskQueue,
      arguments: args,
      headers,
      memo: Object.fromEntries(fields),
      workflowTaskTimeout: msToTs(timeoutMs),
    },
  };
}
