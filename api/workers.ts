// Whether a worker is there: who has polled the task queue lately.
import { withDeadline } from './deadline.ts';
import type { ApiDeps } from './deps.ts';

export interface Workers {
  /** Asked of Temporal at most once a second. */
  present(): Promise<boolean>;
}

const keptMs = 1000;

export function createWorkers(deps: ApiDeps): Workers {
  const { client, namespace, taskQueue, config, clock = Date.now } = deps;
  let asked: { at: number; answer: Promise<boolean> } | undefined;

  const ask = async (): Promise<boolean> => {
    // Of the queue's workflow side, which is the default: for steps a worker polls only while it has a slot free.
    const { pollers } = await withDeadline(deps, () =>
      client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
      }),
    );
    const since = clock() - config.workerSeenWithinMs;
    return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since);
  };

  return {
    present() {
      if (asked && clock() - asked.at < keptMs) return asked.answer;
      const answer = ask();
      asked = { at: clock(), answer };
      // A fault is not kept: the next one asks again.
      answer.catch(() => (asked = undefined));
      return answer;
    },
  };
}
