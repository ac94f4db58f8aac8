// What may not be there when it is read: it was deleted in between, or there never was such a thing.
import { WorkflowNotFoundError } from '@temporalio/client';
import { ApiError } from './errors.ts';
import { RunNotFound } from './events/errors.ts';

/** As our own functions say it, or Temporal's client of a workflow. */
export const isAbsent = (error: unknown): boolean =>
  error instanceof WorkflowNotFoundError ||
  error instanceof RunNotFound ||
  (error instanceof ApiError && error.status === 404);

/** Undefined for what is not there; every other error passes. */
export async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
