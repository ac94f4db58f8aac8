// The steps that keep a function and fetch it again.
import { createHash } from 'node:crypto';
import { currentAttempt } from '../attempt.ts';
import { Fault } from '../failures.ts';
import { exampleOf } from './example.ts';
import type { CallOutcome, Draft, StoredFunction, TaskType } from './function.ts';
import type { FunctionStore } from './store.ts';

export interface SaveRequest extends Draft {
  task_type: TaskType;
  desired_action: string;
  /** Of the example, when it was run. */
  outcome: CallOutcome | null;
  /** Of the run that has made it, as search attributes have it. */
  owner?: string;
}

export interface Saved {
  task_id: string;
  task_name: string;
}

/** An attempt that comes again finds what the one before has written: the id is that of the step. */
export const createSaveFunction =
  (store: FunctionStore) =>
  async ({ outcome, example, owner, ...draft }: SaveRequest): Promise<Saved> => {
    const { run, timeline, step, round } = currentAttempt().key;
    const task_id = idOf(run, timeline, step, `${round}`);
    const { task_name, task_type, desired_action, user_inputs, packages_used, code } = draft;
    const created_at = new Date().toISOString();
    await store.write(
      {
        task_id,
        task_name,
        task_type,
        desired_action,
        user_inputs,
        packages_used,
        created_at,
        example: exampleOf(example, outcome),
        code,
      },
      owner,
    );
    return { task_id, task_name };
  };

export const createLoadFunction =
  (store: FunctionStore) =>
  async (task_id: string): Promise<StoredFunction> => {
    const found = await store.read(task_id);
    if (found) return found;
    throw new Fault(
      'FunctionNotFound',
      `There is no function '${task_id}'. GET /api/tasks lists those that there are.`,
    );
  };

/** A UUID of version 4 by its form. */
function idOf(...parts: string[]): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(['function', ...parts]))
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x40;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
