// The SDK internals that the runtime leans on, each behind one function. Written for @temporalio 1.24.0, pinned exactly:
// read this file again at every update of the SDK.
import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';

/**
 * A fresh sequence number for an activity. `next(input)` must never run twice with one seq: sdk-core would take the
 * second command for the first. 1.24.0: Activator.nextSeqs.activity, as workflow.scheduleActivity takes it.
 */
export function nextActivitySeq(): number {
  return getActivator().nextSeqs.activity++;
}

/** The function that this execution runs, as exported by the catalogue. 1.24.0: Activator.workflow. */
export function workflowFunction(): object | undefined {
  return getActivator().workflow;
}
