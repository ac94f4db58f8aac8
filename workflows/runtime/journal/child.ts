// A child that was open at the checkpoint: the fork's own goes on from where the source's was.
import { defaultPayloadConverter } from '@temporalio/common';
import { uuid4 } from '@temporalio/workflow';
import type { Opening, OpenChild } from '../../../activities/journal/batch.ts';
import type { SdkCommand } from '../sdk.ts';

type Start = NonNullable<SdkCommand['startChildWorkflowExecution']>;

/** Which run a child of the source is in this timeline: handles that the code got before the checkpoint name the old one. */
const renamed = new Map<string, string>();

/** Without `from` the child had not begun. It gets another id in any case: under its own, the source's may be running. */
export function goOnFrom(child: Start, from: OpenChild | undefined): Start {
  const workflowId = `${child.workflowId}~${uuid4().slice(0, 8)}`;
  renamed.set(child.workflowId ?? '', workflowId);
  if (!from) return { ...child, workflowId };
  const opening: Opening = { kind: 'fork', source: from.source, checkpoint: from.checkpoint };
  return { ...child, workflowId, memo: { ...child.memo, fork: defaultPayloadConverter.toPayload(opening) } };
}

/** A signal to a child through an old handle reaches this timeline's child, never the source's. */
export function toOwnChild(command: SdkCommand): SdkCommand {
  const signal = command.signalExternalWorkflowExecution;
  const { childWorkflowId, workflowExecution } = signal ?? {};
  const own = latest(childWorkflowId ?? workflowExecution?.workflowId ?? '');
  if (own === undefined) return command;
  const to = childWorkflowId
    ? { childWorkflowId: own }
    : { workflowExecution: { ...workflowExecution, workflowId: own, runId: '' } };
  return { ...command, signalExternalWorkflowExecution: { ...signal, ...to } };
}

/** A fork of a fork renames what was renamed. */
function latest(id: string): string | undefined {
  const next = renamed.get(id);
  return next === undefined ? undefined : (latest(next) ?? next);
}
