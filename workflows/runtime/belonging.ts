// How the children of a run belong to it: whose they are, and what becomes of them when it ends.
import { TypedSearchAttributes } from '@temporalio/common';
import { ParentClosePolicy, workflowInfo } from '@temporalio/workflow';
import { attributes } from './messages.ts';

interface Child {
  typedSearchAttributes?: TypedSearchAttributes | ConstructorParameters<typeof TypedSearchAttributes>[0];
  parentClosePolicy?: ParentClosePolicy;
}

/**
 * A child belongs to whom the run belongs to. When the run ends before it, it is cancelled and keeps what it has, if its code
 * has not chosen otherwise: https://docs.temporal.io/parent-close-policy. No replay compares either, so that runs which began
 * before may have both, too.
 */
export function belonging<T extends Child>(options: T): T {
  const child = { ...options, parentClosePolicy: options.parentClosePolicy ?? ParentClosePolicy.REQUEST_CANCEL };
  const owner = workflowInfo().typedSearchAttributes.get(attributes.Owner);
  if (owner === undefined) return child;
  const { typedSearchAttributes: given } = options;
  const own = given instanceof TypedSearchAttributes ? given : new TypedSearchAttributes(given);
  return { ...child, typedSearchAttributes: own.updateCopy([{ key: attributes.Owner, value: owner }]) };
}
