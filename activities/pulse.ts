// The heartbeats of one attempt: each carries the whole record, and their answers tell it when to stop.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityNotFoundError } from '@temporalio/client';
import type { AttemptRecord } from './attempt.ts';

const beatMs = 500;
/** Soon, for a worker that dies young; late enough that a quick step costs no heartbeat. */
const firstBeatMs = 200;
const deadlineMs = 2000;
/** Waits between the questions after a hint, in ms: a second in all. */
const askAfterMs = [0, 20, 40, 80, 160, 300, 400];

export interface Pulse {
  /** Hands the record to the SDK, which sends it within its throttle, and with a failure at once. */
  beat(): void;
  /** Comes back when Temporal itself has the record. A Temporal that cannot be reached is waited for 2 s. */
  sure(): Promise<void>;
  /** A pause or cancel may be on its way: asks Temporal past the SDK's throttle. */
  ask(): Promise<void>;
  stop(): void;
}

/** @param told hears at most once what Temporal answered: the step is to be aborted, or is nobody's any more. */
export function createPulse(
  context: Context,
  record: () => AttemptRecord,
  told: (stop: 'cancelled' | 'lost') => void,
): Pulse {
  // Without a heartbeat timeout Temporal wants no heartbeats.
  const live = Boolean(context.info.heartbeatTimeoutMs);
  let stopped = false;
  const beat = (): void => {
    if (live && !stopped) context.heartbeat(record());
  };
  let timer: NodeJS.Timeout = setTimeout(() => {
    beat();
    timer = setInterval(beat, beatMs);
  }, firstBeatMs);

  const sure = async (): Promise<void> => {
    if (!live || stopped) return;
    // The SDK must hold the same record: what it sends at its next turn overwrites this one.
    beat();
    const { client, info } = context;
    try {
      await client.withDeadline(Date.now() + deadlineMs, () => client.activity.heartbeat(info.taskToken, record()));
    } catch (error) {
      if (stopped) return;
      if (error instanceof ActivityCancelledError) told('cancelled');
      // What else goes wrong, the SDK's own beats will find as well.
      if (error instanceof ActivityNotFoundError) told('lost');
    }
  };

  return {
    beat,
    sure,
    async ask() {
      for (const wait of askAfterMs) {
        await sleep(wait);
        if (stopped) return;
        await sure();
      }
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
