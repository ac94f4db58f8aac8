// Turns raw history events into happenings: this folder alone knows Temporal's event attributes.
import type { Happening } from '../happening.ts';
import type { HistoryEvent } from '../history.ts';
import type { Open } from '../payload.ts';
import { decodeChild } from './child.ts';
import { decodeEnd } from './end.ts';
import { decodeMessage } from './message.ts';
import { decodeStart } from './start.ts';
import { decodeStep } from './step.ts';

/** In the order of `events`; events that mean nothing to a stream are left out, workflow tasks among them. */
export async function decode(events: HistoryEvent[], open: Open): Promise<Happening[]> {
  const happenings = await Promise.all(events.filter(isTelling).map((event) => decodeOne(event, open)));
  return happenings.filter((happening) => happening !== undefined);
}

/** Half of a history are workflow tasks. */
function isTelling(event: HistoryEvent): boolean {
  const { workflowTaskScheduledEventAttributes: scheduled, workflowTaskStartedEventAttributes: started } = event;
  return !scheduled && !started && !event.workflowTaskCompletedEventAttributes;
}

async function decodeOne(event: HistoryEvent, open: Open): Promise<Happening | undefined> {
  const fact =
    (await decodeStart(event, open)) ??
    (await decodeStep(event, open)) ??
    (await decodeMessage(event, open)) ??
    (await decodeChild(event, open)) ??
    (await decodeEnd(event, open));
  return fact && { id: Number(event.eventId), at: timeOf(event), ...fact };
}

function timeOf(event: HistoryEvent): string {
  const { seconds = 0, nanos = 0 } = event.eventTime ?? {};
  return new Date(Number(seconds) * 1000 + Math.floor((nanos ?? 0) / 1e6)).toISOString();
}
