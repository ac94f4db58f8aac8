// Signals to other runs, each sent even when the run that sends it is being cancelled.
import { CancellationScope, getExternalWorkflowHandle, type SignalDefinition } from '@temporalio/workflow';

export interface Post {
  /** False: there is no such run, or it has ended. Never rejects. */
  send<Args extends unknown[]>(to: string, signal: SignalDefinition<Args>, ...args: Args): Promise<boolean>;
  /** Settles when all that was sent has arrived, or has not. */
  arrived(): Promise<void>;
}

export function createPost(): Post {
  const under = new Set<Promise<boolean>>();
  return {
    async send(to, signal, ...args) {
      const sent = CancellationScope.nonCancellable(() => getExternalWorkflowHandle(to).signal(signal, ...args)).then(
        () => true,
        () => false,
      );
      under.add(sent);
      const arrived = await sent;
      under.delete(sent);
      return arrived;
    },
    async arrived() {
      while (under.size > 0) await Promise.all(under);
    },
  };
}
