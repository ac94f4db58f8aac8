// A run as an activity of this door: its status, its log, how far it is. Read from Temporal every time.
import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { find } from '../../catalogue.ts';
import { longRead, withDeadline } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { ApiError, runNotFound } from '../../errors.ts';
import { RunNotFound } from '../../events/errors.ts';
import type { Frame } from '../../events/event.ts';
import { type Beginnings, createBeginnings } from '../../runs/began.ts';
import { createdAt } from '../../runs/current.ts';
import { requireRun } from '../../runs/describe.ts';
import { readStatus } from '../../runs/progress.ts';
import { viewOf } from '../../runs/read.ts';
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

export interface Activities {
  /** Throws ApiError 404 for what is no run. */
  read(id: string): Promise<Activity>;
  /** As lists show it. Undefined: it is gone. */
  row(record: WorkflowExecutionInfo): Promise<Activity | undefined>;
}

type Timeline = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'historyLength'>;

const mostKept = 2000;
/** Of an open run with a longer history lists tell no reports. */
const mostEvents = 5000;

export function createActivities(deps: Core): Activities {
  const beginnings = createBeginnings(deps);
  const stories = createKept<{ length: number; told: Told }>(mostKept);
  const over = createKept<Activity>(mostKept);

  const toldOf = async ({ workflowId, runId, historyLength: length }: Timeline): Promise<Told> => {
    const known = stories.get(runId);
    if (known?.length === length) return known.told;
    const told = tell(await framesOf(deps, workflowId));
    stories.set(runId, { length, told });
    return told;
  };

  const read = async (id: string, longest = Infinity): Promise<Activity> => {
    const run = await withDeadline(deps, () => requireRun(deps, id));
    // One after the other: history is then at least as new as the description.
    const described = words[await withDeadline(deps, () => readStatus(deps, run))];
    const isTooLong = run.status.name === 'RUNNING' && run.historyLength > longest;
    const told = isTooLong ? tell([]) : await toldOf(run);
    const began = await longRead(deps, () => beganIn(deps, beginnings, run, told));
    return activityOf(deps, run, { described, told, began });
  };

  return {
    read: (id) => read(id),
    async row({ workflowId, runId, status }) {
      // A timeline that has ended does not change any more.
      const known = over.get(runId);
      if (known) return known;
      try {
        const activity = await read(workflowId, mostEvents);
        if (isOver(activity) && status.name !== 'RUNNING') over.set(runId, activity);
        return activity;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      }
    },
  };
}

export const isOver = ({ status }: Pick<Activity, 'status'>): boolean =>
  status === 'COMPLETE' || status === 'ERROR' || status === 'CANCELED';

async function framesOf(deps: Core, id: string): Promise<Frame[]> {
  try {
    return (await longRead(deps, () => deps.streams.page(id, 0, Infinity))).events;
  } catch (error) {
    throw error instanceof RunNotFound ? runNotFound(id) : error;
  }
}

/** One that was started again after its end, by a restore, began before its newest timelines did. */
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
  return (oldest && (await beginnings.in(run.workflowId, oldest.timeline))) ?? first.due;
}

interface Read {
  described: Word;
  told: Told;
  began: string | undefined;
}

function activityOf(deps: Core, run: WorkflowExecutionDescription, { described, told, began }: Read): Activity {
  const end = endOf(deps, run, described, told);
  const status = end?.status ?? openWord(described, began !== undefined || told.first !== undefined);
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

/** Between its own tasks and its first step a run is neither for Temporal: here it is queued until that step has a slot. */
function openWord(described: Word, hasBegun: boolean): Word {
  if (described !== 'QUEUED' && described !== 'RUNNING') return described;
  return hasBegun ? 'RUNNING' : 'QUEUED';
}

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

interface Kept<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
}

/** Whoever was kept first goes first. */
function createKept<T>(most: number): Kept<T> {
  const kept = new Map<string, T>();
  return {
    get: (key) => kept.get(key),
    set(key, value) {
      kept.delete(key);
      kept.set(key, value);
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    },
  };
}
