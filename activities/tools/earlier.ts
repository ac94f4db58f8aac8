// What runs with the same past have called of a tool since they parted from this one: read from their histories.
import type { Place } from '../journal/batch.ts';
import { type HistoryEvent, timeOf } from '../journal/history.ts';
import type { HistoryReader } from '../journal/reader.ts';
import type { Branch } from './lineage.ts';
import type { ToolOutcome, ToolRequest } from './tool.ts';

/** `at`: when it ended, or, when it has not, was begun; ms since the epoch. */
export interface EarlierCall extends Place {
  event: number;
  args: string;
  /** A person had said yes. */
  approved: boolean;
  at: number;
  /** `unknown`: it was aborted, or nobody could tell how it ended. */
  state: 'done' | 'failed' | 'in_flight' | 'unknown';
  /** Of one that is done. */
  result?: { content: string; value?: unknown };
}

/** More histories than these are not read for one call: the person is asked whatever the rest has. */
const mostHistories = 60;

/** `complete`: false when there was more to read than is read. */
export async function earlierCalls(
  tool: string,
  branches: Branch[],
  read: HistoryReader,
): Promise<{ calls: EarlierCall[]; complete: boolean }> {
  const calls = new Map<string, EarlierCall>();
  const open: Part[] = [...branches];
  for (let n = 0; n < mostHistories; n++) {
    const branch = open.shift();
    if (!branch) break;
    const found = await readOne(tool, branch, read);
    for (const call of found.calls) calls.set(`${call.timeline}/${call.event}`, call);
    open.push(...found.children);
  }
  return { calls: [...calls.values()].toSorted((a, b) => a.at - b.at), complete: open.length === 0 };
}

interface Begun {
  event: number;
  at: number;
  request: ToolRequest;
}

/** `since`, in ms: of a child that was open when they parted; what it had done by then, ours did, too. */
type Part = Branch & { since?: number };

interface Child {
  place: Place;
  wasOpen: boolean;
}

async function readOne(tool: string, { run, timeline, after, since = 0 }: Part, read: HistoryReader) {
  const begun = new Map<number, Begun>();
  const children = new Map<number, Child>();
  const calls: Call[] = [];
  let parted = 0;
  for await (const events of read({ run, timeline })) {
    for (const event of events) {
      const id = Number(event.eventId);
      const at = timeOf(event);
      if (id <= after) parted = at;
      const request = requestIn(event);
      if (request?.tool === tool) begun.set(id, { event: id, at, request });
      const child = childIn(event);
      if (child) children.set(child.initiated, { place: child.place, wasOpen: id <= after });
      const ended = endOf(event);
      if (!ended) continue;
      const call = begun.get(ended.of);
      begun.delete(ended.of);
      if (id <= after) children.delete(ended.of);
      else if (call && at >= since) calls.push({ ...placed(call, run, timeline), at, ...stateOf(event) });
    }
  }
  for (const call of begun.values()) calls.push({ ...placed(call, run, timeline), at: call.at, state: 'in_flight' });
  const theirs = [...children.values()].map(({ place, wasOpen }): Part => ({
    ...place,
    after: 0,
    since: wasOpen ? parted : 0,
  }));
  return { calls: calls.filter(isMade), children: theirs };
}

const placed = ({ event, request }: Begun, run: string, timeline: string) => ({
  run,
  timeline,
  event,
  args: request.args,
  approved: request.approved === true,
});

type Ended = Pick<EarlierCall, 'state' | 'result'> | { state: 'not_made' };
type Call = Omit<EarlierCall, 'state' | 'result'> & Ended;

const isMade = (call: Call): call is EarlierCall => call.state !== 'not_made';

function stateOf(event: HistoryEvent): Ended {
  const done = event.activityTaskCompletedEventAttributes;
  if (!done) return { state: 'unknown' };
  const data = done.result?.payloads?.[0]?.data;
  const outcome: ToolOutcome | undefined = data ? JSON.parse(new TextDecoder().decode(data)) : undefined;
  switch (outcome?.kind) {
    case 'result': {
      const { content, value } = outcome;
      return outcome.reused ? { state: 'not_made' } : { state: 'done', result: { content, value } };
    }
    case 'error':
      return { state: outcome.made === false ? 'not_made' : 'failed' };
    case undefined:
      return { state: 'unknown' };
    case 'needs_approval':
    case 'asks_person':
    case 'unknown':
      return { state: 'not_made' };
  }
}

function requestIn(event: HistoryEvent): ToolRequest | undefined {
  const scheduled = event.activityTaskScheduledEventAttributes;
  const data = scheduled?.activityType?.name === 'callTool' ? scheduled.input?.payloads?.[0]?.data : undefined;
  if (!data) return undefined;
  const request: ToolRequest = JSON.parse(new TextDecoder().decode(data));
  return request;
}

function childIn(event: HistoryEvent): { initiated: number; place: Place } | undefined {
  const started = event.childWorkflowExecutionStartedEventAttributes;
  const { workflowId: run, runId: timeline } = started?.workflowExecution ?? {};
  return started && run && timeline
    ? { initiated: Number(started.initiatedEventId), place: { run, timeline } }
    : undefined;
}

/** Of a step or a child: the event that began it. */
function endOf(event: HistoryEvent): { of: number } | undefined {
  const step =
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  if (step) return { of: Number(step.scheduledEventId) };
  const child =
    event.childWorkflowExecutionCompletedEventAttributes ??
    event.childWorkflowExecutionFailedEventAttributes ??
    event.childWorkflowExecutionCanceledEventAttributes ??
    event.childWorkflowExecutionTimedOutEventAttributes ??
    event.childWorkflowExecutionTerminatedEventAttributes;
  return child ? { of: Number(child.initiatedEventId) } : undefined;
}
