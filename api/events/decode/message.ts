// What reached a run from outside, and what it shows of itself since.
import { attributes } from '../../../workflows/runtime/messages.ts';
import type { Fact } from '../happening.ts';
import type { HistoryEvent } from '../history.ts';
import { openFirst, openPayload, valueOf, type Open, type Payloads } from '../payload.ts';

export async function decodeMessage(event: HistoryEvent, open: Open): Promise<Fact | undefined> {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal) return factOfSignal(signal.signalName ?? '', signal.input, open);
  const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
  if (update?.name === 'answer') return { kind: 'answered', answer: valueOf(await openFirst(update.args, open)) };
  if (event.workflowExecutionCancelRequestedEventAttributes) return { kind: 'cancel_requested' };
  const state =
    event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields?.[attributes.RunState.name];
  if (state) return { kind: 'state', state: valueOf(await openPayload(open, state)) };
  const waiting = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields?.['waiting_for'];
  if (waiting) return { kind: 'waiting', waiting: valueOf(await openPayload(open, waiting)) };
  return undefined;
}

export async function factOfSignal(name: string, input: Payloads, open: Open): Promise<Fact | undefined> {
  const first = async () => valueOf(await openFirst(input, open));
  switch (name) {
    case 'spent':
      return { kind: 'spent', report: await first() };
    case 'answer':
      return { kind: 'answered', answer: await first() };
    case 'name_checkpoint':
      return { kind: 'named', name: await first() };
    case 'pause':
    case 'resume':
      return { kind: 'asked', to: name };
    // Its steps are aborted, as by a pause.
    case 'restore':
      return { kind: 'asked', to: 'pause' };
    default:
      return undefined;
  }
}
