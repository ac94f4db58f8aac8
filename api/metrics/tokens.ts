// What runs have spent in tokens: read from their histories, of an ended one only once.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { LRUCache } from 'lru-cache';
import { longRead } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { viewOf } from '../runs/read.ts';
import { isEnded } from '../runs/status.ts';

type Record = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId'>;

export interface Tokens {
  /**
   * Over as many of the runs as can be read within `ms`; one that is gone does not count. What is not read by then is
   * read on, so that the next one who asks has it.
   */
  sum(runs: readonly Record[], ms: number): Promise<{ tokens: number; runs: number }>;
}

/** Histories that are read at once, whoever asks. */
const atOnce = 8;
const mostKept = 50_000;

export function createTokens(deps: Core): Tokens {
  /** By timeline: one that has ended does not change any more. */
  const kept = new LRUCache<string, number>({ max: mostKept });
  const reading = new Map<string, Promise<number | undefined>>();
  const inTurn = createTurns(atOnce);

  const read = async ({ workflowId, runId }: Record): Promise<number | undefined> => {
    try {
      const { status, timelines, metrics } = await longRead(deps, () => viewOf(deps, workflowId));
      // Else it was restored since: that is another timeline's account.
      if (isEnded(status) && timelines.at(-1)?.timeline === runId) kept.set(runId, metrics.total_tokens);
      return metrics.total_tokens;
    } catch {
      // Deleted in between, or too long to be read in time: the others still have an account.
      return undefined;
    }
  };

  const of = (run: Record): Promise<number | undefined> => {
    const begun = reading.get(run.runId) ?? inTurn(() => read(run)).finally(() => reading.delete(run.runId));
    reading.set(run.runId, begun);
    return begun;
  };

  return {
    async sum(runs, ms) {
      const sum = { tokens: 0, runs: 0 };
      const add = (tokens: number | undefined) => {
        if (tokens === undefined) return;
        sum.tokens += tokens;
        sum.runs++;
      };
      const readings: Promise<void>[] = [];
      for (const run of runs) {
        const known = kept.get(run.runId);
        if (known === undefined) readings.push(of(run).then(add));
        else add(known);
      }
      if (readings.length > 0) await Promise.race([Promise.all(readings), sleep(ms, undefined, { ref: false })]);
      return { ...sum };
    },
  };
}

/** Runs what is given, so many at once, the others in their order. */
function createTurns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async (work) => {
    if (busy >= most) await new Promise<void>((resolve) => void waiting.push(resolve));
    else busy++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy--;
    }
  };
}
