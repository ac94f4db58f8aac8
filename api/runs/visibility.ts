// The calls that lists make: Temporal's visibility, counting and listing. Nothing else here asks it.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import type { RunQueries, Window } from './filter.ts';

export interface Visibility {
  /** One call. The number of runs in the window. */
  count(queries: RunQueries, window: Window): Promise<number>;
  /**
   * At most `pages` calls. The records in the window in visibility's own order: open ones by their start, then ended ones by
   * their end, newest first. Stops early when there are no more, or when `enough` says so after a page.
   */
  records(
    queries: RunQueries,
    window: Window,
    pages: number,
    enough?: (records: WorkflowExecutionInfo[]) => boolean,
  ): Promise<{ records: WorkflowExecutionInfo[]; all: boolean }>;
}

/** The most that Temporal gives at once. */
export const pageSize = 1000;

export function createVisibility(deps: Core): Visibility {
  const { client } = deps;
  return {
    async count(queries, window) {
      const { count, groups } = await withDeadline(deps, () => client.workflow.count(queries.count(window)));
      const { subtracts } = queries;
      if (!subtracts) return count;
      // A group's value comes as a list of one.
      return groups.reduce(
        (sum, group) => sum + (subtracts(String(group.groupValues.flat()[0])) ? -1 : 1) * group.count,
        0,
      );
    },
    async records(queries, window, pages, enough = () => false) {
      const found: WorkflowExecutionInfo[] = [];
      const iterator = client.workflow.list({ query: queries.rows(window), pageSize })[Symbol.asyncIterator]();
      for (let page = 1; page <= pages; page++) {
        const all = await withDeadline(deps, () => readPage(iterator, found));
        if (all || enough(found)) return { records: found, all };
      }
      return { records: found, all: false };
    },
  };
}

/** True: there are no more. Never reads on past a full page, which would be another call. */
async function readPage(
  iterator: AsyncIterator<WorkflowExecutionInfo>,
  found: WorkflowExecutionInfo[],
): Promise<boolean> {
  for (let read = 0; read < pageSize; read++) {
    const next = await iterator.next();
    if (next.done) return true;
    found.push(next.value);
  }
  return false;
}
