// How a timeline begins: its first event, and the event at which a native reset cut off another one.
import type { Payload } from '@temporalio/common';
import { attributes } from '../../../workflows/runtime/messages.ts';
import type { Fact } from '../happening.ts';
import type { HistoryEvent } from '../history.ts';
import { openPayload, valueOf, type Open } from '../payload.ts';
import { openingOf } from './opening.ts';

export async function decodeStart(event: HistoryEvent, open: Open): Promise<Fact | undefined> {
  const started = event.workflowExecutionStartedEventAttributes;
  if (!started) return decodeReset(event);
  const field = async (payload: Payload | undefined) => payload && valueOf(await openPayload(open, payload));
  const indexed = started.searchAttributes?.indexedFields;
  const continued = started.continuedExecutionRunId || undefined;
  const session = await field(indexed?.[attributes.Session.name]);
  return {
    kind: 'started',
    workflow: started.workflowType?.name ?? '',
    input: await Promise.all((started.input?.payloads ?? []).map((payload) => openPayload(open, payload))),
    session: typeof session === 'string' ? session : null,
    state: await field(indexed?.[attributes.RunState.name]),
    waiting: await field(started.memo?.fields?.['waiting_for']),
    original: started.originalExecutionRunId ?? '',
    continued,
    opening: openingOf(await field(started.memo?.fields?.['fork']), continued),
  };
}

/**
 * A reset copies the base's history up to its reset point and ends the copy with a failed workflow task that names both
 * timelines: https://docs.temporal.io/workflow-execution/event#reset
 */
function decodeReset(event: HistoryEvent): Fact | undefined {
  const failed = event.workflowTaskFailedEventAttributes;
  if (!failed?.newRunId || !failed.baseRunId) return undefined;
  const reason = rewindReason(failed.failure?.message);
  return { kind: 'rewound', base: failed.baseRunId, timeline: failed.newRunId, reason };
}

const rewindReason = (message: string | null | undefined): string => message || 'reset';
