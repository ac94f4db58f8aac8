// Waits that others can end, and work that is tried again after such waits.
import { setTimeout as sleep } from 'node:timers/promises';

/** Settles after `ms` or when `signal` is aborted, whichever comes first; never rejects, and keeps no process alive. */
export const nap = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal, ref: false }).catch(() => {});

const firstWaitMs = 500;
const longestWaitMs = 30_000;

/**
 * Does `work` until it goes well once, however long Temporal is away, with ever longer waits in between; aborting `signal`
 * ends it. Never rejects.
 * @param failed hears what each attempt failed of
 */
export async function untilDone(
  work: () => Promise<void>,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): Promise<void> {
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    try {
      return await work();
    } catch (error) {
      failed(error);
    }
    await nap(waitMs, signal);
  }
}
