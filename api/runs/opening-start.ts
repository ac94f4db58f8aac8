// Starts a run with what a history holds up to a checkpoint: a fork, the same run once more, or a dry run.
import type { WorkflowExecutionDescription, WorkflowStartOptions } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import type { Opening } from '../../activities/journal/batch.ts';
import { attributes, type MemoKey } from '../../workflows/runtime/messages.ts';
import type { Core } from '../deps.ts';
import type { Branch } from './branch.ts';
import { stored } from './keyword.ts';
import { firstLine, questionOf } from './question.ts';

export interface Beginning {
  id: string;
  opening: Opening;
  memo: Partial<Record<MemoKey, unknown>>;
  attributes: SearchAttributePair[];
  details: string;
}

/** What is the same for all of them; `more`: which ids it may take, and how long it may last. The new Temporal Run Id. */
export async function startWith(
  deps: Core,
  { begun, args, owner, taskTimeoutMs }: Branch,
  { id, opening, memo, attributes, details }: Beginning,
  more: Partial<WorkflowStartOptions> = {},
): Promise<string> {
  const question = questionOf(args[0]);
  const query = question === null ? {} : { query: firstLine(question, 200) };
  const fork: Partial<Record<MemoKey, unknown>> = { ...boundsOf(owner), ...memo, ...query, fork: opening };
  const { firstExecutionRunId } = await deps.client.workflow.start(begun.workflow, {
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'FAIL',
    ...more,
    workflowId: id,
    taskQueue: deps.taskQueue,
    args,
    requestEagerStart: deps.config.eagerStart,
    priority: owner.priority,
    workflowTaskTimeout: taskTimeoutMs,
    memo: fork,
    typedSearchAttributes: attributes,
    staticSummary: firstLine(question ?? begun.workflow, 120),
    staticDetails: details,
  });
  return firstExecutionRunId;
}

/** What bounded the source is replayed with it, so it must be the same; its counters then begin anew. */
function boundsOf({ memo }: WorkflowExecutionDescription): Partial<Record<MemoKey, unknown>> {
  const keys: MemoKey[] = ['limits', 'family'];
  return Object.fromEntries(keys.flatMap((key) => (memo?.[key] === undefined ? [] : [[key, memo[key]]])));
}

const { Kind, RunState, RootRun, ForkedFrom, CreatedAt, Agent, Owner, User, Session, Tags } = attributes;

/** Of a run that is born: its session and its webhook stay with the source; `owner` is who has asked for it. */
export function bornAttributes(
  source: WorkflowExecutionDescription,
  kind: 'run' | 'check',
  { from, now, owner }: { from: string; now: number; owner: string | undefined },
): SearchAttributePair[] {
  return [
    ...named(kind, rootOf(source)),
    { key: ForkedFrom, value: stored(from).slice(0, 255) },
    { key: CreatedAt, value: new Date(now) },
    ...(owner === undefined ? kept(source, [Owner]) : [{ key: Owner, value: owner }]),
    ...kept(source, [Agent, User]),
    ...tagsOf(source),
  ];
}

/** Of a run that goes on: all that it had. */
export function keptAttributes(owner: WorkflowExecutionDescription): SearchAttributePair[] {
  const createdAt = owner.typedSearchAttributes.get(CreatedAt) ?? owner.startTime;
  return [
    ...named('run', rootOf(owner)),
    { key: CreatedAt, value: createdAt },
    ...kept(owner, [Agent, Owner, User, Session, ForkedFrom]),
    ...tagsOf(owner),
  ];
}

const named = (kind: 'run' | 'check', root: string): SearchAttributePair[] => [
  { key: Kind, value: kind },
  { key: RunState, value: 'running' },
  { key: RootRun, value: root },
];

/** As it is stored. */
export const rootOf = ({
  typedSearchAttributes: has,
  workflowId,
}: Pick<WorkflowExecutionDescription, 'typedSearchAttributes' | 'workflowId'>): string =>
  has.get(RootRun) ?? stored(workflowId).slice(0, 255);

function kept({ typedSearchAttributes: has }: WorkflowExecutionDescription, keys: (typeof Agent)[]) {
  return keys.flatMap((key): SearchAttributePair[] => {
    const value = has.get(key);
    return value === undefined ? [] : [{ key, value }];
  });
}

function tagsOf({ typedSearchAttributes: has }: WorkflowExecutionDescription): SearchAttributePair[] {
  const value = has.get(Tags);
  return value && value.length > 0 ? [{ key: Tags, value }] : [];
}
