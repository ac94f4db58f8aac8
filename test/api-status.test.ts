// A run's status, decided from what Temporal says of it.
import { expect, test } from 'vitest';
import { type Described, type Progress, statusOf, type RunStatus } from '../api/runs/status.ts';

const fresh: Progress = { begun: false, advanced: false };
const begun: Progress = { begun: true, advanced: false };
const advanced: Progress = { begun: true, advanced: true };

const open: Described = { execution: 'RUNNING', state: 'running', pending: [], task: undefined };
const untouched = { started: false, attempt: 1 };
const working = { started: true, attempt: 1 };
const retried = { started: false, attempt: 2 };

test.each<[string, Partial<Described>, Progress, RunStatus]>([
  ['no task has started', { task: untouched }, fresh, 'queued'],
  ['no task has started, and nobody set a state', { task: untouched, state: undefined }, fresh, 'queued'],
  ['its first task is being worked on', { task: working }, fresh, 'running'],
  ['its first task failed and is due again', { task: retried }, fresh, 'running'],
  ['its first steps wait for a slot', { pending: [untouched, untouched] }, begun, 'queued'],
  ['one of its first steps has a slot', { pending: [untouched, working] }, begun, 'running'],
  ['its first step is tried again', { pending: [retried] }, begun, 'running'],
  ['its second step waits for a slot', { pending: [untouched] }, advanced, 'running'],
  ['its first steps wait, and a message for it is due', { pending: [untouched], task: untouched }, begun, 'queued'],
  ['a message for it is due between steps', { task: untouched }, begun, 'running'],
  ['it waits for a timer or a child', {}, begun, 'running'],
  ['a pause waits for a step in flight', { state: 'stopping', pending: [working] }, begun, 'running'],
  ['a cancel waits for a step in flight', { state: 'cancelling', pending: [working] }, advanced, 'running'],
  ['it is paused before its first step', { state: 'paused' }, begun, 'paused'],
  ['it waits for a person', { state: 'waiting' }, begun, 'waiting'],
  ['it waits for a person, and the answer is due', { state: 'waiting', task: untouched }, begun, 'waiting'],
  ['Temporal itself holds it', { execution: 'PAUSED' }, begun, 'paused'],
  ['it completed', { execution: 'COMPLETED' }, advanced, 'completed'],
  ['it completed with a state left over', { execution: 'COMPLETED', state: 'paused' }, advanced, 'completed'],
  ['it failed', { execution: 'FAILED' }, advanced, 'failed'],
  ['it was terminated', { execution: 'TERMINATED' }, fresh, 'failed'],
  ['it timed out', { execution: 'TIMED_OUT' }, begun, 'failed'],
  ['it was cancelled', { execution: 'CANCELLED' }, begun, 'cancelled'],
])('when %s', (_, described, progress, status) => {
  expect(statusOf({ ...open, ...described }, progress)).toBe(status);
});
