// Signals to other runs, each sent even when the run that sends it is being cancelled.
import type { notFound as words } from '../../activities/journal/jobs.ts';
import { CancellationScope, getExternalWorkflowHandle, type SignalDefinition } from '@temporalio/workflow';

/** `gone`: there is no such run, or it has ended. `lost`: it is there, and takes no signal now. */
export type Delivery = 'arrived' | 'gone' | 'lost';

export interface Post {
  /** Never rejects. */
  send<Args extends unknown[]>(to: string, signal: SignalDefinition<Args>, ...args: Args): Promise<Delivery>;
  /** Settles when all that was sent has arrived, or has not. */
  arrived(): Promise<void>;
}

export function createPost(): Post {
  /** The newest to each: Temporal does not keep the order of what is on its way at once. */
  const lines = new Map<string, Promise<Delivery>>();
  return {
    async send(to, signal, ...args) {
      const before = lines.get(to);
      const send = async (): Promise<Delivery> => {
        await before;
        try {
          await CancellationScope.nonCancellable(() => getExternalWorkflowHandle(to).signal(signal, ...args));
          return 'arrived';
        } catch (error) {
          return isNotFound(error) ? 'gone' : 'lost';
        }
      };
      const sent = send();
      lines.set(to, sent);
      const arrived = await sent;
      if (lines.get(to) === sent) lines.delete(to);
      return arrived;
    },
    async arrived() {
      while (lines.size > 0) await Promise.all(lines.values());
    },
  };
}

/**
 * sdk-core words a failed signal by its cause, and tells nothing else of it. Of others than this one, Temporal's limit of
 * signals to one run is the only one that a run can meet:
 * https://github.com/temporalio/api/blob/master/temporal/api/enums/v1/failed_cause.proto
 */
const isNotFound = (error: unknown): boolean => error instanceof Error && error.message.includes(notFound);
const notFound: typeof words = 'because it was not found';
