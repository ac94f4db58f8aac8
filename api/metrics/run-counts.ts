// Counts the runs that begin and end, whoever starts them and wherever they run: Temporal's visibility tells. Workflow code
// counts nothing, for it is replayed; nor do streams, for a run has many viewers.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Core } from '../deps.ts';
import { find } from '../catalogue.ts';
import { createdAt } from '../runs/current.ts';
import { queriesOf } from '../runs/filter.ts';
import { createVisibility } from '../runs/visibility.ts';

export interface RunCounts {
  /** Asks for what has begun and ended since the last time. A Temporal that is away leaves the counts as they are. */
  update(): Promise<void>;
}

/** Visibility lags, and clocks differ: so far before the last look, in ms, is looked again for what came late. */
const overlapMs = 60_000;

const ends = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  TERMINATED: 'failed',
  TIMED_OUT: 'failed',
  CANCELLED: 'cancelled',
} as const;

type Ended = keyof typeof ends;
const isEnd = (name: string): name is Ended => Object.hasOwn(ends, name);

export function createRunCounts(deps: Core, registry: Registry): RunCounts {
  const registers = [registry];
  const visibility = createVisibility(deps);
  const clock = deps.clock ?? Date.now;
  const all = queriesOf({});
  const started = new Counter({
    name: 'waymark_runs_started_total',
    help: 'Runs that began since this process did, by workflow. Each process counts all of them.',
    labelNames: ['workflow'] as const,
    registers,
  });
  const ended = new Counter({
    name: 'waymark_runs_ended_total',
    help: 'Runs that ended since this process began, by workflow and status. Each process counts all of them.',
    labelNames: ['workflow', 'status'] as const,
    registers,
  });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const open = gauge('waymark_runs_open', 'Runs that have not ended.');
  const stuck = gauge('waymark_runs_with_problem', 'Runs that cannot proceed though they are open.');
  const up = gauge('waymark_temporal_up', '1: Temporal answered the last time that runs were counted.');
  for (const workflow of Object.keys(deps.catalogue)) {
    started.inc({ workflow }, 0);
    for (const status of new Set(Object.values(ends))) ended.inc({ workflow, status }, 0);
  }

  /** A name that is in no catalogue may be anything. */
  const workflowOf = ({ type }: WorkflowExecutionInfo) => (find(deps.catalogue, type) ? type : 'other');
  const begun = createSeen(clock());
  const over = createSeen(clock());

  const countStarted = async () => {
    const now = clock();
    const { records } = await visibility.records(all, { from: begun.from() }, { pages: Infinity });
    for (const record of records)
      if (begun.isNew(record.workflowId, createdAt(record))) started.inc({ workflow: workflowOf(record) });
    begun.looked(now);
  };
  const countEnded = async () => {
    const now = clock();
    const window = { closedFrom: over.from(), open: false };
    const { records } = await visibility.records(all, window, { pages: Infinity });
    for (const record of records) {
      const { name } = record.status;
      // A restored run ends again, as another timeline.
      if (isEnd(name) && over.isNew(record.runId, record.closeTime?.getTime() ?? now))
        ended.inc({ workflow: workflowOf(record), status: ends[name] });
    }
    over.looked(now);
  };
  const countStanding = async () => {
    open.set(await visibility.count(all, { open: true }));
    stuck.set(await visibility.count(queriesOf({ problem: true }, !(await deps.workers.present())), {}));
  };
  const look = async () => {
    try {
      await Promise.all([countStarted(), countEnded(), countStanding()]);
      up.set(1);
    } catch (error) {
      up.set(0);
      deps.log.debug({ err: error }, 'the runs cannot be counted');
    }
  };

  let looking: Promise<void> | undefined;
  return {
    // Two that ask at once must not count twice.
    update: () => (looking ??= look().finally(() => (looking = undefined))),
  };
}

/** What was counted lately, and from when on there may be more. Times: ms since the epoch. */
function createSeen(since: number) {
  const seen = new Map<string, number>();
  let last = since;
  const from = () => Math.max(since, last - overlapMs);
  return {
    from,
    isNew(key: string, at: number): boolean {
      const known = seen.has(key);
      seen.set(key, at);
      return !known;
    },
    looked(at: number): void {
      last = at;
      for (const [key, time] of seen) if (time < from()) seen.delete(key);
    },
  };
}
