// When a run was taken up: the moment in which its first step got a slot.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { LRUCache } from 'lru-cache';
import type { MemoKey } from '../../workflows/runtime/messages.ts';
import type { Core } from '../deps.ts';
import { isGone } from '../events/history.ts';

export interface Beginnings {
  /** ISO-8601 UTC; undefined while no step of it has had a slot. Once told it stays, whatever is tried again. */
  of(run: WorkflowExecutionDescription): Promise<string | undefined>;
  /** What is known of a run's first timeline already. */
  known(timeline: string): string | undefined;
  /** The same of one timeline, from its history alone; undefined also when that is gone. */
  in(run: string, timeline: string): Promise<string | undefined>;
}

const mostKept = 10_000;
/** Its start, its first own task, a step: the shortest history in which a step has ended. */
const fewestEvents = 7;

/** No step of it can have ended yet, in this timeline or in one before: its history tells nothing that describe does not. */
export function isYoung(run: WorkflowExecutionDescription): boolean {
  const { raw, memo, historyLength } = run;
  const begunWith: MemoKey = 'fork';
  const isFirst = firstOf(run) === run.runId && !raw.workflowExtendedInfo?.lastResetTime && !memo?.[begunWith];
  return isFirst && historyLength < fewestEvents;
}

const firstOf = ({ raw, runId }: WorkflowExecutionDescription): string =>
  raw.workflowExecutionInfo?.firstRunId || runId;

export function createBeginnings(deps: Pick<Core, 'client' | 'namespace'>): Beginnings {
  // By Run Id.
  const known = new LRUCache<string, string>({ max: mostKept });

  const keep = (timeline: string, at: string | undefined): string | undefined => {
    if (at !== undefined) known.set(timeline, at);
    return at;
  };
  const inHistory = async (run: string, timeline: string): Promise<string | undefined> =>
    known.get(timeline) ?? keep(timeline, await firstIn(deps, run, timeline));

  return {
    known: (timeline) => known.get(timeline),
    async of(run) {
      const first = firstOf(run);
      if (isYoung(run)) return known.get(first) ?? keep(first, pendingSince(run));
      // History tells a step's start with its end; until then describe does.
      return (await inHistory(run.workflowId, first)) ?? keep(first, pendingSince(run));
    },
    in: inHistory,
  };
}

const eventsPerPage = 200;
/** 200 steps at once, their signals and the run's own tasks take fewer events before one of them ends. */
const mostPages = 5;

async function firstIn(
  { client, namespace }: Pick<Core, 'client' | 'namespace'>,
  workflowId: string,
  runId: string,
): Promise<string | undefined> {
  let nextPageToken: Uint8Array | undefined;
  for (let page = 0; page < mostPages; page++) {
    const request = { namespace, execution: { workflowId, runId }, maximumPageSize: eventsPerPage, nextPageToken };
    const answer = await client.workflowService.getWorkflowExecutionHistory(request).catch(unlessGone);
    if (!answer) return undefined;
    const found = (answer.history?.events ?? []).find((event) => event.activityTaskStartedEventAttributes);
    if (found) return timeOf(found.eventTime);
    nextPageToken = answer.nextPageToken ?? undefined;
    if (!nextPageToken?.length) return undefined;
  }
  return undefined;
}

function unlessGone(error: unknown): undefined {
  if (!isGone(error)) throw error;
}

function pendingSince({ raw }: WorkflowExecutionDescription): string | undefined {
  const times = (raw.pendingActivities ?? []).flatMap(({ lastStartedTime }) => timeOf(lastStartedTime) ?? []);
  return times.toSorted()[0];
}

type Timestamp = { seconds?: unknown; nanos?: number | null } | null | undefined;

function timeOf(time: Timestamp): string | undefined {
  if (!time?.seconds) return undefined;
  return new Date(Number(time.seconds) * 1000 + Math.floor((time.nanos ?? 0) / 1e6)).toISOString();
}
