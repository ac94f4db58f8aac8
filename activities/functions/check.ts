// The step that reads a model's answer: mended, parsed, and its code looked at by Python itself, without running it.
import { currentAttempt } from '../attempt.ts';
import type { InvalidCode, LimitName, Sandbox } from '../sandbox/sandbox.ts';
import { readDraft, unusable } from './draft.ts';
import type { Draft, TaskType } from './function.ts';
import { availableIn, missingPackages } from './packages.ts';
import { wrongSignature } from './signature.ts';

export interface CheckRequest {
  /** What the model said. */
  text: string;
  /** The answer was cut off: mended it might look whole. */
  cut: boolean;
  task_type: TaskType;
}

export type CheckedAnswer =
  | { kind: 'function'; draft: Draft }
  /** `error`: for the model to read. */
  | { kind: 'unusable'; error: string }
  | { kind: 'packages_missing'; missing: string[]; available: string[] };

export const createCheckFunction =
  (sandbox: Sandbox) =>
  async ({ text, cut, task_type }: CheckRequest): Promise<CheckedAnswer> => {
    const { signal } = currentAttempt();
    if (cut) return unusable('it was cut off before its end: make it shorter.');
    const read = readDraft(text, task_type);
    if (read.kind === 'unusable') return read;
    const { draft } = read;
    const checked = await sandbox.check(draft.code, signal);
    if (checked.kind !== 'function') return unusable(whyUnread(checked));
    const wrong = wrongSignature(checked.parameters, { task_type, user_inputs: draft.user_inputs });
    if (wrong !== undefined) return unusable(wrong);
    const missing = await missingPackages(sandbox, draft.packages_used, signal);
    if (missing.length > 0) return { kind: 'packages_missing', missing, available: availableIn(sandbox) };
    return { kind: 'function', draft };
  };

function whyUnread(checked: InvalidCode | { kind: 'limit'; limit: LimitName }): string {
  if (checked.kind === 'limit') return `python_function takes too long to read (limit: ${checked.limit}).`;
  const where = checked.line === null ? '' : ` in line ${checked.line}`;
  return `python_function is not usable Python${where}: ${checked.message}`;
}
