// The event streams of runs and their views: what the API's routes call.
import type { ConnectionLike } from '@temporalio/client';
import type { Hub } from '../../activities/hub.ts';
import { ownerOf, readAlone, type Place } from './alone.ts';
import { endOf, isUpToDate, placeOf } from './catchup.ts';
import { createEnds } from './ends.ts';
import { RunNotFound } from './errors.ts';
import type { Frame } from './event.ts';
import { createHistory, isGone, isRefused, type History } from './history.ts';
import { createMerge } from './merge.ts';
import { pageOf, type EventPage } from './page.ts';
import type { Open } from './payload.ts';
import { readWhole } from './reading.ts';
import { createRecord, type RunRecord } from './record.ts';
import { createTails, type Tails } from './tails.ts';
import type { ToolReader } from './toolcall.ts';
import { pointIn, type Point } from './point.ts';
import { pointsOf, type PointListed } from './points.ts';
import { openViewer } from './viewer.ts';
import { viewOf, type Checkpoint, type RunView } from './view.ts';

export interface StreamsOptions {
  /** Best a connection of its own, made with `...historyConnection()` (history.ts). */
  connection: ConnectionLike;
  namespace: string;
  /** Opens a payload of history, stored ones included. A rejection is shown as `stored_payload_missing`. */
  open: Open;
  /** Undefined: no tokens in flight; a step's whole text comes as one delta when it is done. */
  hub: Hub | undefined;
  readTool?: ToolReader;
  /** How long a tail outlives its last viewer: 5,000 ms. */
  lingerMs?: number;
  /** How long a viewer may keep a frame before it asks for the next one: 15,000 ms. */
  stallMs?: number;
}

/** The frames of one viewer. Iterate once; `cut` is aborted when it reads too slowly, and the iteration ends with CutOff. */
export interface Subscription extends AsyncIterable<Frame> {
  readonly cut: AbortSignal;
  /** Leaves. Safe to call twice, and after the end. */
  close(): void;
}

export type Outcome = { kind: 'ended'; view: RunView } | { kind: 'open' };

/** Every call for a run throws RunNotFound (errors.ts) for an id without a history, and Temporal's own gRPC errors as they are. */
export interface Streams {
  /** The run as history has it now. */
  view(runId: string): Promise<RunView>;
  /**
   * Everything from the beginning, or from right after `lastEventId`, then live, until the terminal event.
   * Throws StreamIdError {status: 400 | 404 | 410, type, detail} before the first frame.
   */
  subscribe(runId: string, lastEventId?: string): Promise<Subscription>;
  /** The same for a run that has just begun under the Temporal Run Id `timeline`. */
  subscribeNew(runId: string, timeline: string): Promise<Subscription>;
  /** Events so far, without tokens in flight; the text of a finished step is one delta. */
  page(runId: string, offset: number, limit: number): Promise<EventPage>;
  /** Where it can be forked, over all its timelines, oldest first. */
  points(runId: string): Promise<PointListed[]>;
  /** One point, as that timeline has it. Undefined: it has none such. */
  point(place: Place, at: Checkpoint): Promise<Point | undefined>;
  /** The run in whose history a point was recorded that this timeline has. Undefined: it has none such. */
  ownerOf(place: Place, at: Checkpoint): Promise<string | undefined>;
  /** The steps and children of that timeline and of what led to it. Undefined: it has no such point. */
  alone(place: Place, at: Checkpoint): Promise<Pick<RunView, 'steps' | 'children'> | undefined>;
  /** Waits for the run's end, at most `timeoutMs`. Aborting `signal` ends the wait as `open`. */
  result(runId: string, timeoutMs: number, signal?: AbortSignal): Promise<Outcome>;
  /** How many runs are followed now. */
  tails(): number;
  /** How many follow them: the streams that are open. */
  viewers(): number;
  /** Ends all tails; their viewers' streams end without a terminal event. */
  close(): Promise<void>;
}

/** A tail that is this far behind what Temporal says is not waited for longer, in ms: the history is read anew. */
const patienceMs = 1_000;

export function createStreams(options: StreamsOptions): Streams {
  const { connection, namespace, open, hub, readTool, lingerMs = 5_000, stallMs = 15_000 } = options;
  const history = createHistory(connection, namespace);
  const sources = { history, open, readTool };
  const tails = createTails({ ...sources, hub }, lingerMs);
  const ends = createEnds({ history, read: (from, run) => readOnce(options, from, run) });

  /** The run's record up to now: a tail's if one has it, else read for this call. */
  const recordOf = async (run: string): Promise<RunRecord> => {
    const tail = tails.peek(run);
    if (tail && (await isUpToDate(tail, history, patienceMs))) return tail.record;
    return readOnce(options, history, run);
  };

  let viewers = 0;
  const subscribe = async (joined: ReturnType<Tails['join']>, lastEventId: string | undefined) => {
    const { tail } = joined;
    viewers++;
    // Its callers call it once.
    const leave = () => {
      viewers--;
      joined.leave();
    };
    try {
      await tail.ready;
      const from = await placeOf(tail, history, lastEventId);
      return openViewer({ tail, from, leave, stallMs });
    } catch (error) {
      leave();
      throw error;
    }
  };

  /** The run's record once it has ended; undefined when `signal` was first. */
  const endedOf = async (run: string, signal: AbortSignal): Promise<RunRecord | undefined> => {
    if (tails.peek(run)?.state().kind !== 'follows') return ends.wait(run, signal);
    const { tail, leave } = tails.join(run);
    try {
      await tail.ready;
      return (await endOf(tail, signal)) ? tail.record : undefined;
    } finally {
      leave();
    }
  };

  return {
    view: async (run) => viewOf(await found(run, () => recordOf(run)), open),
    async page(run, offset, limit) {
      const record = await found(run, () => recordOf(run));
      return pageOf(run, createMerge(record, undefined), offset, limit);
    },
    points: (run) => found(run, () => pointsOf(sources, run)),
    point: (place, at) => pointIn(sources, place, at),
    ownerOf: (place, at) => ownerOf(sources, place, at),
    alone: async (place, at) => (await readAlone(sources, place, at))?.story,
    subscribe: (run, lastEventId) => subscribe(tails.join(run), lastEventId),
    subscribeNew: (run, timeline) => subscribe(tails.join(run, timeline), undefined),
    async result(run, timeoutMs, signal) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const record = await found(run, () => endedOf(run, signal ? AbortSignal.any([timeout, signal]) : timeout));
      if (!record) return { kind: 'open' };
      const view = await viewOf(record, open);
      // A tail also ends when this service does, whatever its run is up to.
      return view.completed_at === null ? { kind: 'open' } : { kind: 'ended', view };
    },
    tails: () => tails.count(),
    viewers: () => viewers,
    async close() {
      tails.close();
      ends.close();
    },
  };
}

async function found<T>(run: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw isGone(error) || isRefused(error) ? new RunNotFound(run) : error;
  }
}

async function readOnce({ open, readTool }: StreamsOptions, history: History, run: string): Promise<RunRecord> {
  const record = createRecord(run, readTool);
  await readWhole({ history, run, open, record, take: (happenings) => record.take(happenings) });
  return record;
}
