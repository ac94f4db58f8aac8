// What every run has without asking, hung around the workflow's code: the worker registers this module.
import { setCurrentDetails, setHandler, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { checked } from './input.ts';
import * as messages from './messages.ts';
import { currentRun, openRun, type Run } from './run.ts';
import { createShown, introduce } from './shown.ts';
import { tell } from './story.ts';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      async execute(input, next) {
        introduce();
        const upsert = createShown();
        const run = openRun((run) => {
          upsert(run);
          setCurrentDetails(tell(run.view()));
        });
        listen(run);
        return next({ ...input, args: checked([...input.args]) });
      },
    },
  ],
  outbound: [
    {
      scheduleActivity: (input, next) => currentRun().gate.take(input, next),
      async startChildWorkflowExecution(input, next) {
        await currentRun().gate.pass();
        return next(input);
      },
    },
  ],
});

/** Signals and updates by hand (CLI, Web UI) are unchecked: what makes no sense falls back to the default. */
function listen({ gate, waits, ledger, view }: Run): void {
  setHandler(messages.pause, (mode) => gate.pause(mode === 'now' ? 'now' : 'drain'), {
    description:
      'Holds the run before its next step. "drain" (default) lets steps in flight finish, "now" aborts them.',
  });
  setHandler(messages.resume, (action) => gate.resume(action === 'regenerate' ? 'regenerate' : 'continue'), {
    description:
      'Lets the run go on. After a pause "now": "continue" (default) from the partial text, or "regenerate".',
  });
  setHandler(messages.spent, (report) => ledger.reported(report));
  setHandler(messages.answerSignal, (answer) => waits.answer(answer), {
    description: 'Answers what the run waits for: {"waiting_id": …, "value": …}. The first answer counts.',
  });
  setHandler(messages.answer, acceptAnswer(waits), { validator: (answer) => waits.check(answer) });
  setHandler(messages.state, view);
}

const acceptAnswer =
  (waits: Run['waits']) =>
  (answer: messages.Answer): { accepted: true } => {
    waits.answer(answer);
    return { accepted: true };
  };
