// Reads one run whole: what Temporal's describe and its history say. No worker is asked.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Spent } from '../../activities/spent.ts';
import { longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { runNotFound } from '../errors.ts';
import { RunNotFound } from '../events/errors.ts';
import type { RunView } from '../events/view.ts';
import { labelsOf, limitsOf, lineageOf, metadataOf, queryOf, waitingOf } from './attributes.ts';
import { requireRun, stateOf } from './describe.ts';
import { type Problem, problemOf } from './problem.ts';
import { readStatus } from './progress.ts';
import { questionOf } from './question.ts';
import { spentByChildren } from './children.ts';
import type { RunAnswer } from './shape.ts';
import { isEnded, type RunStatus } from './status.ts';
import { attributes } from '../../workflows/runtime/messages.ts';

export async function readRun(deps: Core, id: string): Promise<RunAnswer> {
  const run = await withDeadline(deps, () => requireRun(deps, id));
  // One after the other: history is then at least as new as the description.
  const [described, view] = await Promise.all([
    withDeadline(deps, () => readStatus(deps, run)),
    longRead(deps, () => viewOf(deps, id)),
  ]);
  const status = newer(described, view);
  const problem =
    view.problem ?? (isEnded(status) ? undefined : await problemOf(run, status, () => deps.workers.present()));
  const children = await spentByChildren(view, (child) => longRead(deps, () => viewOf(deps, child)));
  return answer(deps, run, status, view, problem, children);
}

/** The run may have ended between the two. */
const newer = (status: RunStatus, view: RunView): RunStatus =>
  isEnded(view.status) && !isEnded(status) ? view.status : status;

export async function viewOf({ streams }: Core, id: string): Promise<RunView> {
  try {
    return await streams.view(id);
  } catch (error) {
    if (error instanceof RunNotFound) throw runNotFound(id);
    throw error;
  }
}

function answer(
  deps: Core,
  run: WorkflowExecutionDescription,
  status: RunStatus,
  view: RunView,
  problem: Problem | undefined,
  children: Spent | null,
): RunAnswer {
  const ended = isEnded(status);
  return {
    id: run.workflowId,
    workflow: run.type,
    ...labelsOf(run),
    status,
    problem: problem ?? null,
    stopping: !ended && (isStopping(run) || (view.pause_unheard && status !== 'paused')),
    waiting_for: ended ? [] : waitingOf(run),
    input_query: questionOf(view.input) ?? queryOf(run),
    response_content: view.response,
    metrics: view.metrics,
    started_at: status === 'queued' ? null : startedAt(view),
    completed_at: view.completed_at ?? run.closeTime?.toISOString() ?? null,
    input: view.input,
    result: view.result,
    error: view.error,
    steps: view.steps,
    children: view.children,
    usage: { ...view.usage, waste: { ...view.waste, by: view.waste_by }, inherited: view.inherited, children },
    limits: limitsOf(run),
    lineage: lineageOf(run),
    timelines: view.timelines,
    metadata: metadataOf(run),
    temporal_ui: uiLink(deps, run.workflowId, run.runId),
  };
}

/** When its first step was due, of a run that is not queued. */
export const startedAt = ({ steps, created_at }: RunView): string =>
  steps.find(({ inherited }) => !inherited)?.started_at ?? created_at;

/** A cancel that no worker has heard yet is known to Temporal; a pause that none has, to its history alone. */
export function isStopping({ typedSearchAttributes, raw }: WorkflowExecutionDescription): boolean {
  const state = stateOf(typedSearchAttributes.get(attributes.RunState));
  return state === 'stopping' || state === 'cancelling' || raw.workflowExtendedInfo?.cancelRequested === true;
}

/** Of the run, or of one of its timelines, in the Temporal Web UI. */
export function uiLink({ temporalUi, namespace }: Core, id: string, timeline?: string): string | null {
  if (temporalUi === undefined) return null;
  const path = ['namespaces', namespace, 'workflows', id, ...(timeline === undefined ? [] : [timeline, 'history'])];
  return `${temporalUi}/${path.map(encodeURIComponent).join('/')}`;
}
