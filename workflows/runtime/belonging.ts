// Whose the children of a run are: whose the run is, whatever its code says of them.
import { TypedSearchAttributes } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';
import { attributes } from './messages.ts';

interface Attributed {
  typedSearchAttributes?: TypedSearchAttributes | ConstructorParameters<typeof TypedSearchAttributes>[0];
}

/** No replay compares the search attributes of a child, so that runs which began before may have it, too. */
export function belonging<T extends Attributed>(options: T): T {
  const owner = workflowInfo().typedSearchAttributes.get(attributes.Owner);
  if (owner === undefined) return options;
  const { typedSearchAttributes: given } = options;
  const own = given instanceof TypedSearchAttributes ? given : new TypedSearchAttributes(given);
  return { ...options, typedSearchAttributes: own.updateCopy([{ key: attributes.Owner, value: owner }]) };
}
