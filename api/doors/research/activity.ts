// A run as an activity of this door: its status, its log, how far it is. Read from Temporal every time.
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { LRUCache } from 'lru-cache';
import { unlessAbsent } from '../../absent.ts';
import { find } from '../../catalogue.ts';
import { longRead, withDeadline } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { runNotFound } from '../../errors.ts';
import { RunNotFound } from '../../events/errors.ts';
import type { Frame } from '../../events/event.ts';
import { type Beginnings, createBeginnings, isYoung } from '../../runs/began.ts';
import { createdAt } from '../../runs/current.ts';
import { asDescribed, describe, requireRun } from '../../runs/describe.ts';
import { viewOf } from '../../runs/read.ts';
import { statusOf } from '../../runs/status.ts';
import { defaultResearch } from './config.ts';
import { type End, type Log, logsOf, progressOf, tell, type Told, type Word, words } from './log.ts';

export interface Activity {
  agent_id: string;
  task_type: string;
  status: Word;
  progress: number | null;
  created_at: string;
  updated_at: string;
  logs: Log[];
}

/** `taken up`: it has had a slot, or is paused, or waits. */
export type Standing = 'taken up' | 'queued' | 'over';

export interface Activities {
  /** Throws ApiError 404 for what is no run. */
  read(id: string): Promise<Activity>;
  /** Of a run that visibility takes for open. */
  stands(record: WorkflowExecutionInfo): Promise<Standing>;
  /** As lists show it. Undefined: it is gone. */
  row(record: WorkflowExecutionInfo): Promise<Activity | undefined>;
}

type Timeline = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'historyLength'>;

const mostKept = 2000;
/** Of an open run with a longer history lists tell no reports. */
const mostEvents = 5000;

export function createActivities(deps: Core): Activities {
  const beginnings = createBeginnings(deps);
  const stories = new LRUCache<string, { length: number; told: Told }>({ max: mostKept });
  const over = new LRUCache<string, Activity>({ max: mostKept });

  const toldOf = async ({ workflowId, runId, historyLength: length }: Timeline): Promise<Told> => {
    const known = stories.get(runId);
    if (known?.length === length) return known.told;
    const told = tell(await framesOf(deps, workflowId));
    stories.set(runId, { length, told });
    return told;
  };

  const read = async (id: string, longest = Infinity): Promise<Activity> => {
    const run = await withDeadline(deps, () => requireRun(deps, id));
    // History comes after: it is then at least as new as the description.
    const described = wordOf(run);
    const isTooLong = run.status.name === 'RUNNING' && run.historyLength > longest;
    const told = isTooLong || (described === 'RUNNING' && isYoung(run)) ? tell([]) : await toldOf(run);
    const began = await longRead(deps, () => beganIn(deps, beginnings, run, told));
    return activityOf(deps, run, { described, told, began });
  };

  return {
    read: (id) => read(id),
    async stands({ workflowId, runId }) {
      // What has had a slot is queued no more.
      if (beginnings.known(runId) !== undefined) return 'taken up';
      const run = await withDeadline(deps, () => describe(deps, workflowId));
      if (!run) return 'over';
      const word = wordOf(run);
      if (isOver({ status: word })) return 'over';
      if (word !== 'RUNNING') return 'taken up';
      return (await withDeadline(deps, () => beginnings.of(run))) === undefined ? 'queued' : 'taken up';
    },
    async row({ workflowId, runId, status }) {
      // A timeline that has ended does not change any more.
      const known = over.get(runId);
      if (known) return known;
      const activity = await unlessAbsent(read(workflowId, mostEvents));
      if (activity && isOver(activity) && status.name !== 'RUNNING') over.set(runId, activity);
      return activity;
    },
  };
}

/** What its log says last. */
export const messageOf = ({ logs }: Pick<Activity, 'logs'>): string | null => logs.at(-1)?.message ?? null;

export const isOver = ({ status }: Pick<Activity, 'status'>): boolean =>
  status === 'COMPLETE' || status === 'ERROR' || status === 'CANCELED';

async function framesOf(deps: Core, id: string): Promise<Frame[]> {
  try {
    return (await longRead(deps, () => deps.streams.page(id, 0, Infinity))).events;
  } catch (error) {
    throw error instanceof RunNotFound ? runNotFound(id) : error;
  }
}

/**
 * One that was started again after its end, by a restore, began before its newest timelines did; and one that first waited
 * for a person, or for a child, with that.
 */
async function beganIn(
  deps: Core,
  beginnings: Beginnings,
  run: WorkflowExecutionDescription,
  { first }: Told,
): Promise<string | undefined> {
  const began = await beginnings.of(run);
  const created = new Date(createdAt(run)).toISOString();
  if (began === undefined || !first || first.done >= began || first.done < created) return began;
  const [oldest] = (await viewOf(deps, run.workflowId)).timelines;
  const earlier = oldest && (await beginnings.in(run.workflowId, oldest.timeline));
  return earlier !== undefined && earlier <= first.done ? earlier : first.due;
}

interface Read {
  described: Word;
  told: Told;
  began: string | undefined;
}

function activityOf(deps: Core, run: WorkflowExecutionDescription, { described, told, began }: Read): Activity {
  const end = endOf(deps, run, described, told);
  const isQueued = described === 'RUNNING' && began === undefined && told.first === undefined;
  const status = end?.status ?? (isQueued ? 'QUEUED' : described);
  const created_at = new Date(createdAt(run)).toISOString();
  const { texts } = deps.config.research ?? defaultResearch;
  const logs = logsOf(texts, { created_at, status, began, told: { ...told, end } });
  return {
    agent_id: run.workflowId,
    task_type: run.type,
    status,
    progress: progressOf(logs),
    created_at,
    updated_at: [created_at, logs.at(-1)?.created_at, told.changed].reduce(later, created_at),
    logs,
  };
}

/** Never QUEUED: here a run is that until its first step has a slot, which is another question. */
const wordOf = (run: WorkflowExecutionDescription): Word =>
  words[statusOf(asDescribed(run), { begun: true, advanced: true })];

const later = (a: string, b = ''): string => (a < b ? b : a);

function endOf(deps: Core, run: WorkflowExecutionDescription, described: Word, { end }: Told): End | undefined {
  const at = end?.at ?? (run.closeTime ?? new Date(createdAt(run))).toISOString();
  // What nobody could end otherwise: stale.ts.
  if (isAbandoned(deps, run)) return { at, status: 'CANCELED' };
  if (end) return end;
  if (described === 'COMPLETE' || described === 'CANCELED') return { at, status: described };
  return described === 'ERROR' ? { at, status: described, error: 'unknown' } : undefined;
}

/** It was told to end, no worker knows its workflow any more, and so it was terminated. */
const isAbandoned = ({ catalogue }: Core, { status, type, raw }: WorkflowExecutionDescription): boolean =>
  status.name === 'TERMINATED' &&
  raw.workflowExtendedInfo?.cancelRequested === true &&
  find(catalogue, type) === undefined;
