// The calls that lists make: Temporal's visibility, counting and listing. Nothing else here asks it.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { seesOnly } from '../auth/caller.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import type { RunQueries, Window } from './filter.ts';

export interface Visibility {
  /** Whoever sees other runs has another one: what is remembered of a list is remembered under it. */
  seenBy(): string;
  /** One call. The number of runs in the window. */
  count(queries: RunQueries, window: Window): Promise<number>;
  /**
   * The records in the window in visibility's own order: open ones by their start, then ended ones by their end, newest
   * first. One call a page. `all`: there are no more; false says that there may be.
   */
  records(
    queries: RunQueries,
    window: Window,
    pages?: Pages,
  ): Promise<{ records: WorkflowExecutionInfo[]; all: boolean }>;
}

export interface Pages {
  /** At most so many: 1. */
  pages?: number;
  /** Records a page: 1,000, which is the most that Temporal gives. */
  size?: number;
}

export const pageSize = 1000;

/** A list of 1,000 takes Temporal half a second, more on a busy machine. Whether it is there at all the count has shown. */
const listMs = 6000;

export function createVisibility(deps: Core): Visibility {
  const { records: told, config } = deps;
  return {
    seenBy: () => seesOnly(deps.caller()) ?? '',
    async count(queries, window) {
      const { count, groups } = await withDeadline(deps, () => told.count(queries.count(window)));
      const { subtracts } = queries;
      if (!subtracts) return count;
      // A group's value comes as a list of one.
      return groups.reduce(
        (sum, group) => sum + (subtracts(String(group.groupValues.flat()[0])) ? -1 : 1) * group.count,
        0,
      );
    },
    async records(queries, window, { pages = 1, size = pageSize } = {}) {
      const found: WorkflowExecutionInfo[] = [];
      const query = queries.rows(window);
      const iterator = told.list({ query, pageSize: size })[Symbol.asyncIterator]();
      for (let page = 1; ; page++) {
        const all = await withDeadline(
          deps,
          () => readPage(iterator, size, found),
          Math.max(listMs, config.deadlineMs ?? 0),
        );
        if (all || page === pages) return { records: found, all };
      }
    },
  };
}

/** True: there are no more. Never reads on past a full page, which would be another call. */
async function readPage(
  iterator: AsyncIterator<WorkflowExecutionInfo>,
  size: number,
  found: WorkflowExecutionInfo[],
): Promise<boolean> {
  for (let read = 0; read < size; read++) {
    const next = await iterator.next();
    if (next.done) return true;
    found.push(next.value);
  }
  return false;
}
