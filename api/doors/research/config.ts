// What can be set of the door: the texts of its log, and when runs are cleaned up.
import { z } from 'zod';

export const researchEnvironment = z.object({
  /** Fractions are allowed. */
  CLEANUP_AFTER_DAYS: z.coerce.number().min(0).max(36_500).default(30),
  CLEANUP_STALE_AFTER_H: z.coerce.number().min(0).max(876_000).default(24),
  ACTIVITY_MESSAGE_CREATE: z.string().default('Waiting to start.'),
  ACTIVITY_MESSAGE_STARTED: z.string().default('Task started.'),
  ACTIVITY_MESSAGE_COMPLETE: z.string().default('Task completed successfully.'),
  /** `{error}`: what went wrong. */
  ACTIVITY_MESSAGE_ERROR: z.string().default('Task failed with error: {error}'),
  ACTIVITY_MESSAGE_CANCELED: z.string().default('Canceled on request.'),
});

export interface LogTexts {
  create: string;
  started: string;
  complete: string;
  /** With the placeholder `{error}`. */
  error: string;
  canceled: string;
}

export interface ResearchConfig {
  texts: LogTexts;
  /** How long ended runs are kept, in ms. */
  keptMs: number;
  /** From which age on an open run of a workflow that is gone is stale, in ms. */
  staleMs: number;
}

const hourMs = 3_600_000;

export function researchConfig(environment: z.infer<typeof researchEnvironment>): ResearchConfig {
  return {
    texts: {
      create: environment.ACTIVITY_MESSAGE_CREATE,
      started: environment.ACTIVITY_MESSAGE_STARTED,
      complete: environment.ACTIVITY_MESSAGE_COMPLETE,
      error: environment.ACTIVITY_MESSAGE_ERROR,
      canceled: environment.ACTIVITY_MESSAGE_CANCELED,
    },
    keptMs: environment.CLEANUP_AFTER_DAYS * 24 * hourMs,
    staleMs: environment.CLEANUP_STALE_AFTER_H * hourMs,
  };
}

/** With nothing set. */
export const defaultResearch: ResearchConfig = researchConfig(researchEnvironment.parse({}));
