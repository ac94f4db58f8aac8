// From records to runs: a restored run has one record per timeline, and only the newest speaks for it.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { attributes } from '../../workflows/runtime/messages.ts';

/** Ms since the epoch: the first timeline's start, which later ones carry along. */
export const createdAt = ({
  typedSearchAttributes,
  startTime,
}: Pick<WorkflowExecutionInfo, 'typedSearchAttributes' | 'startTime'>): number =>
  (typedSearchAttributes.get(attributes.CreatedAt) ?? startTime).getTime();

/**
 * The runs among the records, newest first; runs of one millisecond by id, so that the order is the same every time.
 * A run whose newest record is not `wanted` is left out: it is here only because it superseded one that was.
 */
export function current(
  records: readonly WorkflowExecutionInfo[],
  wanted: (record: WorkflowExecutionInfo) => boolean,
): WorkflowExecutionInfo[] {
  const newest = new Map<string, WorkflowExecutionInfo>();
  for (const record of records) {
    const known = newest.get(record.workflowId);
    if (!known || known.startTime < record.startTime) newest.set(record.workflowId, record);
  }
  return [...newest.values()].filter(wanted).toSorted(byAge);
}

function byAge(a: WorkflowExecutionInfo, b: WorkflowExecutionInfo): number {
  return createdAt(b) - createdAt(a) || (a.workflowId < b.workflowId ? 1 : -1);
}
