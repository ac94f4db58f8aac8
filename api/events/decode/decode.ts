// Turns raw history events into happenings: this folder alone knows Temporal's event attributes.
import type { journalActivity as name } from '../../../activities/journal/fold.ts';
import type { supersededActivity as aside } from '../../../activities/journal/superseded.ts';
import type { Happening } from '../happening.ts';
import type { HistoryEvent } from '../history.ts';
import { openFirst, valueOf, type Open } from '../payload.ts';
import { decodeChild } from './child.ts';
import { decodeEnd } from './end.ts';
import { createJournal } from './journal.ts';
import { decodeMessage } from './message.ts';
import type { OpeningSeen } from './opening.ts';
import { decodeStart } from './start.ts';
import { decodeStep } from './step.ts';

const journalActivity: typeof name = 'readJournal';
const supersededActivity: typeof aside = 'readSuperseded';

export interface Decoder {
  /** In the order of `events`; events that mean nothing to a stream are left out, workflow tasks among them. */
  decode(events: HistoryEvent[]): Promise<Happening[]>;
}

export interface DecoderOptions {
  open: Open;
  /** What the timeline was served is known already. */
  skipsJournal: boolean;
}

/** One for a timeline: its events in order, from the first. */
export function createDecoder({ open, skipsJournal }: DecoderOptions): Decoder {
  /** By the event that scheduled it: the reading of the journal is no step, nor is what the runtime asks for itself. */
  const readings = new Set<number>();
  const asides = new Set<number>();
  const journal = createJournal(open);
  let opening: OpeningSeen | undefined;

  const kindOf = (event: HistoryEvent): 'journal' | 'aside' | 'run' => {
    const id = Number(event.eventId);
    const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (activity === journalActivity) readings.add(id);
    if (activity === supersededActivity) asides.add(id);
    const step = scheduledBy(event) ?? id;
    return readings.has(step) ? 'journal' : asides.has(step) ? 'aside' : 'run';
  };

  /** In order: a page refers to what earlier ones have told. */
  const readPage = async (event: HistoryEvent): Promise<Happening[]> => {
    const result = event.activityTaskCompletedEventAttributes?.result;
    if (skipsJournal || !result) return [];
    const [id, at] = [Number(event.eventId), timeOf(event)];
    const opened = await openFirst(result, open, Infinity);
    const read = await journal.take(valueOf(opened), id).catch(() => undefined);
    if (!read) return opened?.state === 'missing' ? [{ id, at, kind: 'journal_missing' }] : [];
    const { kind: how = 'fork', account } = opening ?? {};
    return [...read.happenings, ...(read.last ? [{ id, at, kind: 'spliced', how, account } as const] : [])];
  };

  return {
    async decode(events) {
      const telling = events.filter(isTelling).map((event) => ({ event, of: kindOf(event) }));
      const happenings = await Promise.all(
        telling.map(async ({ event, of }) => (of === 'run' ? decodeOne(event, open) : undefined)),
      );
      const found: Happening[] = [];
      for (const [i, { event, of }] of telling.entries()) {
        const happening = happenings[i];
        if (happening?.kind === 'started') ({ opening } = happening);
        if (happening) found.push(happening);
        if (of === 'journal') found.push(...(await readPage(event)));
      }
      return found;
    },
  };
}

/** Single events of a history, as far as each tells something by itself. */
export const decode = (events: HistoryEvent[], open: Open): Promise<Happening[]> =>
  createDecoder({ open, skipsJournal: true }).decode(events);

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

function scheduledBy(event: HistoryEvent): number | undefined {
  const attributes =
    event.activityTaskStartedEventAttributes ??
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCancelRequestedEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  return attributes ? Number(attributes.scheduledEventId) : undefined;
}

function timeOf(event: HistoryEvent): string {
  const { seconds = 0, nanos = 0 } = event.eventTime ?? {};
  return new Date(Number(seconds) * 1000 + Math.floor((nanos ?? 0) / 1e6)).toISOString();
}
