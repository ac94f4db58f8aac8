// Signals to other runs, each sent even when the run that sends it is being cancelled.
import { CancellationScope, getExternalWorkflowHandle, type SignalDefinition } from '@temporalio/workflow';

export interface Post {
  /** False: there is no such run, or it has ended. Never rejects. */
  send<Args extends unknown[]>(to: string, signal: SignalDefinition<Args>, ...args: Args): Promise<boolean>;
  /** Settles when all that was sent has arrived, or has not. */
  arrived(): Promise<void>;
}

export function createPost(): Post {
  /** The newest to each: Temporal does not keep the order of what is on its way at once. */
  const lines = new Map<string, Promise<boolean>>();
  return {
    async send(to, signal, ...args) {
      const before = lines.get(to);
      const send = async () => {
        await before;
        try {
          await CancellationScope.nonCancellable(() => getExternalWorkflowHandle(to).signal(signal, ...args));
          return true;
        } catch {
          return false;
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
