// Cancellations that sdk-core answers by itself, within the workflow task that asked for them, so that no event tells of them.
import { handOver, isAwaited, type SdkCommand } from '../sdk.ts';
import type { StartKind } from './commands.ts';

/** sdk-core's ActivityCancellationType and ChildWorkflowCancellationType, as far as they are answered at once. */
const tryCancel = { activity: 0, child: 1 };
const abandon = { activity: 2, child: 0 };

/** What becomes of a command that was given earlier, when the code cancels it. */
export type Cancelled =
  /** Its end is told by an event. */
  | 'told'
  /** The code goes on at once. `sent`: Temporal is asked nevertheless. */
  | 'answered'
  | 'answered, sent';

export function cancelOf({ scheduleActivity, startChildWorkflowExecution }: SdkCommand): Cancelled {
  if (scheduleActivity) return byType(scheduleActivity.cancellationType ?? 0, tryCancel.activity, abandon.activity);
  if (startChildWorkflowExecution)
    return byType(startChildWorkflowExecution.cancellationType ?? 0, tryCancel.child, abandon.child);
  return 'told';
}

function byType(type: number, tries: number, abandons: number): Cancelled {
  if (type === tries) return 'answered, sent';
  return type === abandons ? 'answered' : 'told';
}

/** Tells the code that what it cancelled is cancelled, in sdk-core's words. */
export function answerCancelled(kind: StartKind, seq: number, command: SdkCommand): void {
  const cancelled = (message: string) => ({ message, canceledFailureInfo: {} });
  if (kind === 'scheduleActivity') {
    const { activityType: name, activityId } = command.scheduleActivity ?? {};
    const failure = {
      message: 'Activity cancelled',
      cause: cancelled('Activity cancelled'),
      activityFailureInfo: { activityType: { name }, activityId },
    };
    if (isAwaited('activity', seq))
      handOver((code) => code.resolveActivity({ seq, result: { cancelled: { failure } } }));
    return;
  }
  if (kind === 'startChildWorkflowExecution') {
    answerChild(seq, command);
    return;
  }
  if (kind === 'signalExternalWorkflowExecution') {
    const failure = cancelled('Signal was cancelled before being sent');
    handOver((code) => code.resolveSignalExternalWorkflow({ seq, failure }));
  }
}

function answerChild(seq: number, command: SdkCommand): void {
  const { workflowId, workflowType: name } = command.startChildWorkflowExecution ?? {};
  const failure = (message: string) => ({
    message,
    cause: { message, canceledFailureInfo: {} },
    childWorkflowExecutionFailureInfo: { workflowExecution: { workflowId }, workflowType: { name } },
  });
  if (isAwaited('childWorkflowStart', seq)) {
    const cancelled = { failure: failure('Child Workflow execution cancelled before scheduled') };
    handOver((code) => code.resolveChildWorkflowExecutionStart({ seq, cancelled }));
  } else if (isAwaited('childWorkflowComplete', seq)) {
    const result = { cancelled: { failure: failure('Child Workflow execution cancelled') } };
    handOver((code) => code.resolveChildWorkflowExecution({ seq, result }));
  }
}
