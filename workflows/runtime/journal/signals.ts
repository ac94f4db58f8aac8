// The signals that were on their way when a run was at the checkpoint: to its family, and to its children.
import { patched } from '@temporalio/workflow';
import type { OpenChild } from '../../../activities/journal/batch.ts';
import { allowance, childSpent, pause, resume } from '../messages.ts';
import type { SdkCommand } from '../sdk.ts';
import { currentName, signalled } from './child.ts';

/**
 * What the runtime tells its family: a fork and its children run, whatever they had told each other to do, and begin to
 * count anew. What the code itself tells a child reaches the fork's own.
 */
export function isToFamily(command: SdkCommand, all: readonly SdkCommand[]): boolean {
  const { signalName: name, workflowExecution: to } = command.signalExternalWorkflowExecution ?? {};
  if (!to) return false;
  if (name === allowance.name || name === childSpent.name) return true;
  const ids = all.flatMap(({ startChildWorkflowExecution: child }) => child?.workflowId ?? []);
  const isHold = name === pause.name || name === resume.name;
  // Older forks told the code that any other one was cancelled, and did not know the children of a fork of a fork.
  if (ids.includes(to.workflowId ?? '')) return isHold || !patched('runtime/3');
  return isHold && ids.some((id) => isSame(id, to.workflowId)) && patched('runtime/3');
}

const isSame = (a: string, b: string | null | undefined): boolean => currentName(a) === currentName(b ?? '');

/** Of signals on their way, in their order: those that the children have heard already, as their histories tell. */
export function heardAlready(signals: readonly SdkCommand[], children: readonly OpenChild[]): Set<SdkCommand> {
  const left = children.map(({ source, heard = [] }) => ({ run: source.run, names: [...heard] }));
  return new Set(
    signals.filter((command) => {
      const to = signalled(command);
      const name = command.signalExternalWorkflowExecution?.signalName;
      const names = left.find(({ run }) => to !== undefined && isSame(run, to))?.names ?? [];
      const at = names.findIndex((one) => one === name);
      if (at >= 0) names.splice(at, 1);
      return at >= 0;
    }),
  );
}
