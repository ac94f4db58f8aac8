// What lists tell of ended runs besides what visibility knows: read from history once, and kept.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { LRUCache } from 'lru-cache';
import type { Core } from '../deps.ts';
import type { RunView } from '../events/view.ts';
import { viewOf } from './read.ts';

export type Ending = Pick<RunView, 'response' | 'metrics'>;

export interface Endings {
  /** Undefined: its history is too long to be read for a list, or gone. */
  of(run: Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'historyLength'>): Promise<Ending | undefined>;
}

const mostKept = 5000;
/** In UTF-16 code units. */
const longestKept = 10_000;
/** Longer histories are read for `GET /api/runs/{id}` alone. */
const mostEvents = 1000;

export function createEndings(deps: Core): Endings {
  const kept = new LRUCache<string, Ending>({ max: mostKept });
  return {
    async of(run) {
      // A timeline that has ended does not change any more.
      const known = kept.get(run.runId);
      if (known) return known;
      if (run.historyLength > mostEvents) return undefined;
      // A list does not fail of one run: it may have been deleted in between.
      const view = await viewOf(deps, run.workflowId).catch(() => undefined);
      if (!view) return undefined;
      const ending = { response: view.response, metrics: view.metrics };
      if ((ending.response ?? '').length <= longestKept) kept.set(run.runId, ending);
      return ending;
    },
  };
}
