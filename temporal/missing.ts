// The error of a stored payload that cannot be read back.
import { ApplicationFailure } from '@temporalio/common';

const type = 'PayloadMissing';

/**
 * Retryable, every 10 s: the folder may be mounted late. A step waits within its attempts; a workflow task, for as long as
 * it takes, and its run shows `problem`.
 */
export function payloadMissing(sha256: string, folder: string, why: string): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message:
      `A stored payload (sha256 ${sha256}) cannot be read: ${why}. Give every API and worker process the same ` +
      'WAYMARK_DATA folder, or restore its blobs/ from the backup that belongs to this Temporal database.',
    details: [{ sha256, folder }],
    nextRetryDelay: '10s',
  });
}

export const isPayloadMissing = (error: unknown): boolean => error instanceof ApplicationFailure && error.type === type;
