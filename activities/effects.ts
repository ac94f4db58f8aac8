// What each activity changes outside: who forks a run is told before a step is taken again. A plain value, for the API too.
import type { Activities } from './index.ts';

/** `none`: it only reads, though it may cost. `idempotent`: once more changes nothing more. `external`: it happens again. */
export const effects = ['none', 'idempotent', 'external'] as const;
export type Effect = (typeof effects)[number];

const known: Record<keyof Activities, Effect> = {
  callModel: 'none',
  fetchPage: 'none',
  savePoem: 'idempotent',
  checkFunction: 'none',
  runFunction: 'none',
  // Each makes a function of its own.
  saveFunction: 'external',
  loadFunction: 'none',
};

/** Of an activity that is not one of ours, the worst. */
export const effectOf = (activity: string): Effect =>
  new Map<string, Effect>(Object.entries(known)).get(activity) ?? 'external';
