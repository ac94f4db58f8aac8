// What reached a run from outside, and what it shows of itself since.
import { attributes } from '../../../workflows/runtime/messages.ts';
import type { Fact } from '../happening.ts';
import type { HistoryEvent } from '../history.ts';
import { openFirst, openPayload, valueOf, type Open } from '../payload.ts';

export async function decodeMessage(event: HistoryEvent, open: Open): Promise<Fact | undefined> {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal?.signalName === 'spent') return { kind: 'spent', report: valueOf(await openFirst(signal.input, open)) };
  if (signal?.signalName === 'answer')
    return { kind: 'answered', answer: valueOf(await openFirst(signal.input, open)) };
  if (signal?.signalName === 'pause' || signal?.signalName === 'resume')
    return { kind: 'asked', to: signal.signalName };
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
