// A release whose runtime does something more before each step, behind a patch: open runs that took steps without it go on.
import { patched, upsertMemo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

let steps = 0;

export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        if (input.activityType !== 'readJournal' && patched('runtime/1')) upsertMemo({ steps: ++steps });
        return next(input);
      },
    },
  ],
});
