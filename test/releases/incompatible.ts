// A release that was not thought through: its runtime waits before each step, which no history of an open run has.
import { sleep, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      async scheduleActivity(input, next) {
        if (input.activityType !== 'readJournal') await sleep(1);
        return next(input);
      },
    },
  ],
});
