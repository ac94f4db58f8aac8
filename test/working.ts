// Activities that do nothing but tell that they ran: a ledger of what a fork has done again.
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { SinkActivities } from './workflows/sink.ts';

export interface Working {
  activities: SinkActivities;
  /** What ran in this run, in order. */
  by(run: string): string[];
}

export function createWorking(): Working {
  const ran = new Map<string, string[]>();
  const tell = (name: string) => {
    const run = Context.current().info.workflowExecution?.workflowId ?? '';
    ran.set(run, [...(ran.get(run) ?? []), name]);
  };
  return {
    by: (run) => ran.get(run) ?? [],
    activities: {
      async work(name, ms = 0) {
        tell(name);
        if (ms > 0) await Context.current().sleep(ms);
        return `${name}!`;
      },
      fail(name) {
        tell(name);
        return Promise.reject(ApplicationFailure.create({ message: `no ${name}`, type: 'No' }));
      },
    },
  };
}
