// Reads the SDK's commands: what each is, what it belongs to, and which undo another one.
import type { CommandKind } from '../../../activities/journal/batch.ts';
import type { SdkCommand } from '../sdk.ts';

/** A command that Temporal answers later, and that is taken over by the fork while it is not. */
export type StartKind = Extract<
  CommandKind,
  | 'scheduleActivity'
  | 'startTimer'
  | 'startChildWorkflowExecution'
  | 'signalExternalWorkflowExecution'
  | 'requestCancelExternalWorkflowExecution'
>;

export type Read =
  | { is: 'start'; kind: StartKind; seq: number; name?: string }
  /** Of one that was started under `seq`. */
  | { is: 'cancel'; kind: CommandKind | 'nothing'; of: StartKind; seq: number }
  | { is: 'upsert'; kind: 'upsertWorkflowSearchAttributes' | 'modifyWorkflowProperties' }
  | { is: 'patch'; kind: 'setPatchMarker' }
  /** Of an update of another timeline: never sent. */
  | { is: 'answer' }
  | { is: 'unsupported'; name: string };

export function read(command: SdkCommand): Read {
  return readStart(command) ?? readCancel(command) ?? readOther(command);
}

function readStart(command: SdkCommand): Read | undefined {
  const { scheduleActivity, startTimer, startChildWorkflowExecution: child } = command;
  const { signalExternalWorkflowExecution: signal, requestCancelExternalWorkflowExecution: cancel } = command;
  const start = (kind: StartKind, seq: number | null | undefined, name?: string | null): Read => ({
    is: 'start',
    kind,
    seq: seq ?? 0,
    ...(name != null && { name }),
  });
  if (scheduleActivity) return start('scheduleActivity', scheduleActivity.seq, scheduleActivity.activityType);
  if (startTimer) return start('startTimer', startTimer.seq);
  if (child) return start('startChildWorkflowExecution', child.seq, child.workflowType);
  if (signal) return start('signalExternalWorkflowExecution', signal.seq, signal.signalName);
  if (cancel) return start('requestCancelExternalWorkflowExecution', cancel.seq);
  return undefined;
}

function readCancel(command: SdkCommand): Read | undefined {
  const { requestCancelActivity, cancelTimer, cancelChildWorkflowExecution, cancelSignalWorkflow } = command;
  if (requestCancelActivity) {
    const { seq } = requestCancelActivity;
    return { is: 'cancel', kind: 'requestCancelActivity', of: 'scheduleActivity', seq: seq ?? 0 };
  }
  if (cancelTimer) return { is: 'cancel', kind: 'cancelTimer', of: 'startTimer', seq: cancelTimer.seq ?? 0 };
  if (cancelChildWorkflowExecution) {
    const seq = cancelChildWorkflowExecution.childWorkflowSeq ?? 0;
    return { is: 'cancel', kind: 'requestCancelExternalWorkflowExecution', of: 'startChildWorkflowExecution', seq };
  }
  if (cancelSignalWorkflow)
    return { is: 'cancel', kind: 'nothing', of: 'signalExternalWorkflowExecution', seq: cancelSignalWorkflow.seq ?? 0 };
  return undefined;
}

function readOther(command: SdkCommand): Read {
  if (command.upsertWorkflowSearchAttributes) return { is: 'upsert', kind: 'upsertWorkflowSearchAttributes' };
  if (command.modifyWorkflowProperties) return { is: 'upsert', kind: 'modifyWorkflowProperties' };
  if (command.setPatchMarker) return { is: 'patch', kind: 'setPatchMarker' };
  if (command.updateResponse) return { is: 'answer' };
  return { is: 'unsupported', name: Object.keys(command)[0] ?? 'nothing' };
}

export const keyOf = (kind: StartKind, seq: number): string => `${kind}/${seq}`;
