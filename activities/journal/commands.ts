// Which events are traces of a command of the code, and of which.
import type { Command, StepLabel } from './batch.ts';
import type { HistoryEvent } from './history.ts';
import { pack } from './pack.ts';
import { supersededPatch } from './superseded.ts';

/** Undefined for an event that no command has left, and for what the runtime adds by itself. */
export function commandOf(event: HistoryEvent): Command | undefined {
  const id = Number(event.eventId);
  const activity = event.activityTaskScheduledEventAttributes;
  if (activity) {
    const name = activity.activityType?.name ?? '';
    return { kind: 'scheduleActivity', event: id, name, step: labelOf(event) };
  }
  const abort = event.activityTaskCancelRequestedEventAttributes;
  if (abort) return { kind: 'requestCancelActivity', event: Number(abort.scheduledEventId) };
  if (event.timerStartedEventAttributes) return { kind: 'startTimer', event: id };
  const timer = event.timerCanceledEventAttributes;
  if (timer) return { kind: 'cancelTimer', event: Number(timer.startedEventId) };
  return commandToOthers(event, id) ?? commandOnItself(event, id);
}

function commandToOthers(event: HistoryEvent, id: number): Command | undefined {
  const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (child) {
    const { workflowId, workflowType } = child;
    return { kind: 'startChildWorkflowExecution', event: id, name: workflowType?.name ?? '', child: workflowId ?? '' };
  }
  const signal = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
  if (signal) {
    const { signalName, workflowExecution } = signal;
    const to = workflowExecution?.workflowId ?? '';
    return { kind: 'signalExternalWorkflowExecution', event: id, name: signalName ?? '', to };
  }
  if (event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes)
    return { kind: 'requestCancelExternalWorkflowExecution', event: id };
  return undefined;
}

function commandOnItself(event: HistoryEvent, id: number): Command | undefined {
  const upsert = event.upsertWorkflowSearchAttributesEventAttributes;
  if (upsert) {
    const names = Object.keys(upsert.searchAttributes?.indexedFields ?? {});
    return names.some((name) => addedByItself.has(name))
      ? undefined
      : { kind: 'upsertWorkflowSearchAttributes', event: id };
  }
  if (event.workflowPropertiesModifiedEventAttributes) return { kind: 'modifyWorkflowProperties', event: id };
  const patch = patchIn(event);
  return patch === undefined ? undefined : { kind: 'setPatchMarker', event: id };
}

/**
 * sdk-core writes the first beside a patch's marker; the runtime introduces a run with the others (shown.ts), and names with
 * the last what a native reset has superseded.
 */
const addedByItself = new Set(['TemporalChangeVersion', 'Kind', 'RootRun', 'CreatedAt', 'SupersededState']);

/** The patch that a marker is of; undefined: it is none, or one that is about this timeline alone. */
export function patchIn(event: HistoryEvent): string | undefined {
  const marker = event.markerRecordedEventAttributes;
  const data = marker?.markerName === patchMarker ? marker?.details?.['patch-data']?.payloads?.[0]?.data : undefined;
  if (!data) return undefined;
  const { id }: { id: string } = JSON.parse(new TextDecoder().decode(data));
  return id === supersededPatch ? undefined : id;
}

/** The marker that `patched()` leaves: sdk-core's name. */
const patchMarker = 'core_patch';

/** A step's input that a stream shows of a journal: 2 KiB. What is larger is read from the history that has it. */
const labelBytes = 2048;

function labelOf(event: HistoryEvent): StepLabel {
  const { activityId, input } = event.activityTaskScheduledEventAttributes ?? {};
  const summary = event.userMetadata?.summary?.data;
  const first = input?.payloads?.[0];
  return {
    id: activityId ?? '',
    ...(summary && { name: textOf(summary) }),
    ...(first && (first.data?.length ?? 0) <= labelBytes && { input: pack(first) }),
  };
}

/** A summary is a JSON text: https://docs.temporal.io/web-ui#user-metadata */
function textOf(data: Uint8Array): string | undefined {
  const value: unknown = JSON.parse(new TextDecoder().decode(data));
  return typeof value === 'string' ? value : undefined;
}
