// A run as its history tells it: what GET /api/runs/{id} is made of. It needs no worker.
import type { Spent } from '../../activities/spent.ts';
import type { RunState, WaitingFor } from '../../workflows/runtime/messages.ts';
import { metricsOf, responseOf } from './ending.ts';
import type { Fault, Metrics } from './event.ts';
import { type Cause, wasteOf } from './ledger.ts';
import { openPayload, shown, type Open, type Opened } from './payload.ts';
import type { RunRecord } from './record.ts';
import type { Story } from './story.ts';

/** Without `queued`, which history does not tell from `running` (a step's start is written with its end): describe does. */
export type HistoryStatus = 'running' | 'paused' | 'waiting' | 'completed' | 'failed' | 'cancelled';

export type StepStatus = 'scheduled' | 'completed' | 'failed' | 'cancelled' | 'aborted' | 'timed_out';

/** A point of a history, right after this event. */
export interface Checkpoint {
  /** Temporal Run Id. */
  timeline: string;
  event: number;
  /** The timeline that has it so, with results that somebody edited. */
  within?: string;
}

/** One taking of a step: a step that was aborted by a pause and taken again has one for each round. Times: ISO-8601 UTC. */
export interface StepView {
  /** The step's key in streams: its Activity Id, or the waiting_id of a wait for a person. */
  step: string;
  round: number;
  kind: 'activity' | 'wait';
  name: string;
  /** The activity's name; null for a wait. */
  activity: string | null;
  /** Ordinal of the timeline in which it was taken, from 1: Activity Ids begin anew in each. */
  timeline: number;
  status: StepStatus;
  /** From 1, in order of completion; null until completed. */
  step_num: number | null;
  /** What completed it; of a wait, the message that answered it. Null until completed. */
  checkpoint: Checkpoint | null;
  /** Temporal's attempt number of the last attempt; null while history does not tell it. */
  attempt: number | null;
  /** Taken and paid for by the run that this one comes from. */
  inherited?: true;
  started_at: string;
  completed_at: string | null;
  /** Left out when over 32 KiB; `input_bytes` tells its size then. */
  input?: unknown;
  input_bytes?: number;
  result?: unknown;
  result_bytes?: number;
  /** What an aborted or cancelled try had said. */
  partial?: string;
  error?: Fault;
  usage?: Spent;
  /** `stored_payload_missing`: its input or result is no longer in the payload store. */
  problem?: string;
}

export interface ChildView {
  run_id: string;
  workflow: string;
  /** It belongs to the run that this one comes from. */
  inherited?: true;
  status: 'running' | 'completed' | 'failed' | 'cancelled';
  started_at: string;
  completed_at: string | null;
}

/** How a timeline was opened. */
export type Opening = 'started' | 'continued' | 'rewound';

export interface TimelineView {
  /** Temporal Run Id. */
  timeline: string;
  ordinal: number;
  opening: Opening;
  started_at: string | null;
}

export interface RunProblem {
  type: 'stored_payload_missing';
  /** ISO-8601 UTC. */
  since: string;
  what_to_do: string;
}

export interface RunView {
  run_id: string;
  workflow: string;
  session_id: string | null;
  /** Memo `metadata` is not here: describe has it. */
  status: HistoryStatus;
  /** RunState as history last set it; null when the run never had one. */
  state: RunState | null;
  /** A pause was sent that no worker has taken to the run yet. */
  pause_unheard: boolean;
  /** The workflow's argument: null without one, a list when there were several. */
  input: unknown;
  /** Null until completed. Read in full, whatever its size. */
  result: unknown;
  /** The answer's text, by the rule of `responseOf`; the partial text of a cancelled run; else null. */
  response: string | null;
  error: Fault | null;
  problem: RunProblem | null;
  steps: StepView[];
  children: ChildView[];
  waiting_for: WaitingFor[];
  usage: Spent;
  waste: Spent;
  /** The waste by cause. */
  waste_by: Record<Cause, Spent>;
  /** What inherited steps have cost; no part of `usage`. */
  inherited: Spent;
  metrics: Metrics;
  created_at: string;
  completed_at: string | null;
  /** Oldest first; the last one is the current one. */
  timelines: TimelineView[];
}

/**
 * The view of what was read. Values that were left closed for their size are opened now: the whole input and result
 * belong to the run's view.
 */
export async function viewOf(record: RunRecord, open: Open): Promise<RunView> {
  const story = record.story();
  const { end, ledger } = story;
  const result = end?.status === 'completed' ? await whole(end.result, open) : null;
  return {
    run_id: record.run,
    workflow: story.workflow,
    session_id: story.session,
    status: statusOf(story),
    state: story.state,
    pause_unheard: !end && story.pause_unheard,
    input: await inputOf(story, open),
    result,
    response: end?.status === 'cancelled' ? (story.partial?.text ?? null) : responseOf(result),
    error: end?.status === 'failed' ? end.error : null,
    problem: problemOf(story),
    steps: story.steps.map((step) => ({ ...step })),
    children: story.children.map((child) => ({ ...child })),
    waiting_for: end ? [] : story.waiting,
    usage: ledger.usage,
    waste: wasteOf(ledger),
    waste_by: { ...ledger.by },
    inherited: ledger.inherited,
    metrics: metricsOf(story, ledger.usage, story.created_at),
    created_at: story.created_at,
    completed_at: end?.at ?? null,
    timelines: [...record.timelines],
  };
}

function statusOf({ end, state }: Story): HistoryStatus {
  if (end) return end.status;
  return state === 'paused' || state === 'waiting' ? state : 'running';
}

async function inputOf({ input }: Story, open: Open): Promise<unknown> {
  if (input.length === 0) return null;
  const values = await Promise.all(input.map((one) => whole(one, open)));
  return values.length === 1 ? values[0] : values;
}

async function whole(opened: Opened | undefined, open: Open): Promise<unknown> {
  return shown(opened?.state === 'large' ? await openPayload(open, opened.payload, Infinity) : opened);
}

function problemOf({ payload_missing, input, created_at }: Story): RunProblem | null {
  if (payload_missing === null && !input.some(({ state }) => state === 'missing')) return null;
  return {
    type: 'stored_payload_missing',
    since: payload_missing ?? created_at,
    what_to_do: 'A stored payload of this run is gone. Bring back the payload store (WAYMARK_DATA) from its backup.',
  };
}
