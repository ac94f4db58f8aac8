// What was paid for is not lost to a disk that is full, or a store that is away, for a while.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, log } from '@temporalio/activity';
import { Fault } from './failures.ts';

const firstWaitMs = 100;
const longestWaitMs = 5000;
/** Then the attempt fails, and the next one pays again. */
const longestMs = 5 * 60_000;

/** Stores something, however often that takes. Rejects when `signal` aborts in between, and with what will stay so. */
export async function untilKept<T>(signal: AbortSignal, keep: () => Promise<T>): Promise<T> {
  const end = Date.now() + longestMs;
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    try {
      return await keep();
    } catch (error) {
      if (error instanceof Fault || error instanceof ApplicationFailure || Date.now() > end) throw error;
      log.warn('The result of a step cannot be stored; it is tried again', { error });
    }
    await sleep(waitMs, undefined, { signal });
  }
}
