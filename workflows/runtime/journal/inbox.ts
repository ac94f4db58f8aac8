// Messages that reach a run while it loads its journal: they wait until the code is where the journal ends.
import type { coresdk } from '@temporalio/proto';
import { giveCommands, handOver, type SdkCommand, type SdkJob } from '../sdk.ts';

export interface Inbox {
  /** The jobs that may go on now. */
  filter(jobs: SdkJob[]): SdkJob[];
  /** In the order in which they came; a cancellation last, as in one activation. */
  deliver(): void;
  /** Temporal was told already that an update is accepted: it must not be told twice. */
  isToldTwice(command: SdkCommand): boolean;
}

type Update = coresdk.workflow_activation.IDoUpdate;

export function createInbox(): Inbox {
  const messages: (() => void)[] = [];
  const accepted = new Set<string>();
  let cancel: (() => void) | undefined;
  let open = false;

  /** Temporal takes an update that its workflow task leaves unanswered for lost. */
  const accept = (update: Update) => {
    const id = update.protocolInstanceId ?? '';
    accepted.add(id);
    giveCommands([{ updateResponse: { protocolInstanceId: id, accepted: {} } }]);
    messages.push(() => handOver((code) => code.doUpdate({ ...update, runValidator: false })));
  };

  const hold = ({ signalWorkflow, doUpdate, cancelWorkflow }: SdkJob): boolean => {
    if (signalWorkflow) messages.push(() => handOver((code) => code.signalWorkflow(signalWorkflow)));
    else if (doUpdate) accept(doUpdate);
    else if (cancelWorkflow) cancel = () => handOver((code) => code.cancelWorkflow(cancelWorkflow));
    else return false;
    return true;
  };

  return {
    filter: (jobs) => (open ? jobs : jobs.filter((job) => !hold(job))),
    deliver() {
      open = true;
      for (const message of messages.splice(0)) message();
      cancel?.();
    },
    isToldTwice({ updateResponse }) {
      return open && updateResponse?.accepted != null && accepted.delete(updateResponse.protocolInstanceId ?? '');
    },
  };
}
