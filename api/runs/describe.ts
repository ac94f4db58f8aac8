// Reads what Temporal's describe says of a run, and refuses ids that are no runs.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { unlessAbsent } from '../absent.ts';
import { find } from '../catalogue.ts';
import type { Core } from '../deps.ts';
import { runNotFound } from '../errors.ts';
import { attributes, type RunState } from '../../workflows/runtime/messages.ts';
import { isText } from './keyword.ts';
import type { Described, PendingStep } from './status.ts';

/** Of a run id; from outside it may be any text. */
export const maxIdLength = 200;

/** Throws ApiError 404 for an id that is unknown, malformed, or that of a session, a definition or a check. */
export async function requireRun(deps: Core, id: string): Promise<WorkflowExecutionDescription> {
  const found = await describe(deps, id);
  if (!found || !isRun(deps, found) || deps.removed.has(found)) throw runNotFound(id);
  return found;
}

/** Undefined: nothing of that id. */
export async function describe({ records }: Core, id: string): Promise<WorkflowExecutionDescription | undefined> {
  if (id.length === 0 || id.length > maxIdLength || !isText(id)) return undefined;
  return unlessAbsent(records.describe(id));
}

/** A run begun by CLI or schedule has no Kind before its first task: its workflow's name tells then. */
function isRun({ catalogue }: Core, { typedSearchAttributes, type }: WorkflowExecutionDescription): boolean {
  const kind = typedSearchAttributes.get(attributes.Kind);
  return kind === undefined ? find(catalogue, type) !== undefined : kind === 'run';
}

export function asDescribed({ status, typedSearchAttributes, raw }: WorkflowExecutionDescription): Described {
  const task = raw.pendingWorkflowTask;
  return {
    execution: status.name,
    state: stateOf(typedSearchAttributes.get(attributes.RunState)),
    pending: (raw.pendingActivities ?? []).map(asPending),
    task: task ? asPending(task) : undefined,
  };
}

/** PENDING_ACTIVITY_STATE_SCHEDULED and PENDING_WORKFLOW_TASK_STATE_SCHEDULED: not with a worker. */
const scheduled = 1;

function asPending({ state, attempt }: { state?: number | null; attempt?: number | null }): PendingStep {
  return { started: state !== scheduled, attempt: attempt ?? 1 };
}

const states: readonly string[] = ['running', 'stopping', 'paused', 'waiting', 'cancelling'] satisfies RunState[];

export function stateOf(value: string | undefined): RunState | undefined {
  return value !== undefined && isState(value) ? value : undefined;
}

const isState = (value: string): value is RunState => states.includes(value);
