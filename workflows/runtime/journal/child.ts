// A child that was open at the checkpoint: the fork's own goes on from where the source's was.
import { defaultPayloadConverter } from '@temporalio/common';
import { uuid4 } from '@temporalio/workflow';
import type { Opening, OpenChild } from '../../../activities/journal/batch.ts';
import type { SdkCommand } from '../sdk.ts';

export type Start = NonNullable<SdkCommand['startChildWorkflowExecution']>;

/** Which run a child of the source is in this timeline: handles that the code got before the checkpoint name the old one. */
const renamed = new Map<string, string>();

/** Of the children that were started once more and have not begun. */
const coming = new Map<string, Promise<void>>();

/** Settles when the child that the code calls `id` can be reached; undefined: nothing is known against it. */
export function comingOf(id: string): Promise<void> | undefined {
  const next = renamed.get(id);
  return coming.get(id) ?? (next === undefined ? undefined : comingOf(next));
}

/** The child is started once more. To be called when it has begun, or never will. */
export function expectChild(id: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  coming.set(id, promise);
  return () => {
    coming.delete(id);
    resolve();
  };
}

/** Without `from` the child had not begun. It gets another id in any case: under its own, the source's may be running. */
export function goOnFrom(child: Start, from: OpenChild | undefined): Start & { workflowId: string } {
  const workflowId = `${child.workflowId}~${uuid4().slice(0, 8)}`;
  renamed.set(child.workflowId ?? '', workflowId);
  if (!from) return { ...child, workflowId };
  const { source, checkpoint } = from;
  const opening: Opening = { kind: 'fork', source, ...(checkpoint && { checkpoint }) };
  return { ...child, workflowId, memo: { ...child.memo, fork: defaultPayloadConverter.toPayload(opening) } };
}

/** A signal to a child through an old handle reaches this timeline's child, never the source's. */
export function toOwnChild(command: SdkCommand): SdkCommand {
  const signal = command.signalExternalWorkflowExecution;
  const own = latest(signalled(command) ?? '');
  if (own === undefined) return command;
  const { childWorkflowId, workflowExecution } = signal ?? {};
  const to = childWorkflowId
    ? { childWorkflowId: own }
    : { workflowExecution: { ...workflowExecution, workflowId: own, runId: '' } };
  return { ...command, signalExternalWorkflowExecution: { ...signal, ...to } };
}

/** Whom a command signals; undefined: nobody. */
export const signalled = ({ signalExternalWorkflowExecution: signal }: SdkCommand): string | undefined =>
  signal?.childWorkflowId || signal?.workflowExecution?.workflowId || undefined;

/** What the child that the code calls `id` is called in this timeline. */
export const currentName = (id: string): string => latest(id) ?? id;

/** A fork of a fork renames what was renamed. */
function latest(id: string): string | undefined {
  const next = renamed.get(id);
  return next === undefined ? undefined : (latest(next) ?? next);
}
