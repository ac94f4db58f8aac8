// What every run has without asking, hung around the workflow's code: the worker registers this module.
import {
  ApplicationFailure,
  setCurrentDetails,
  setHandler,
  type WorkflowInterceptorsFactory,
} from '@temporalio/workflow';
import { journalActivity } from './journal/load.ts';
import { createTimeline } from './journal/timeline.ts';
import { checked } from './input.ts';
import * as messages from './messages.ts';
import { currentRun, openRun, type Run, startedRun } from './run.ts';
import { createShown, introduce } from './shown.ts';
import { tell } from './story.ts';

export const interceptors: WorkflowInterceptorsFactory = () => {
  const timeline = createTimeline({
    restoring: () => startedRun()?.restoring(),
    steps: () => startedRun()?.gate.completed() ?? 0,
    spliced: (splice) => currentRun().spliced(splice),
  });
  return {
    internals: [timeline.internals],
    inbound: [
      {
        async execute(input, next) {
          introduce();
          return timeline.run(() => {
            begin();
            return next({ ...input, args: checked([...input.args]) });
          });
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) =>
          input.activityType === journalActivity ? next(input) : currentRun().gate.take(input, next),
        async startChildWorkflowExecution(input, next) {
          const { gate } = currentRun();
          await gate.pass();
          const child = await next(input);
          gate.child(child[1]);
          return child;
        },
        scheduleLocalActivity: () => refuse('A local activity'),
        startNexusOperation: () => refuse('A Nexus operation'),
      },
    ],
  };
};

function begin(): void {
  const upsert = createShown();
  const run = openRun((run, anew) => {
    upsert(run, anew);
    setCurrentDetails(tell(run.view()));
  });
  listen(run);
}

function refuse(what: string): Promise<never> {
  const why = `${what} leaves no record from which a run can be forked or continued. Make it a step: step('name').activity(…).`;
  return Promise.reject(ApplicationFailure.nonRetryable(why, 'NotReplayable'));
}

/** Signals and updates by hand (CLI, Web UI) are unchecked: what makes no sense falls back to the default. */
function listen({ gate, waits, ledger, view, restore }: Run): void {
  setHandler(messages.pause, (mode) => gate.pause(mode === 'now' ? 'now' : 'drain'), {
    description:
      'Holds the run before its next step. "drain" (default) lets steps in flight finish, "now" aborts them.',
  });
  setHandler(messages.resume, (action) => gate.resume(action === 'regenerate' ? 'regenerate' : 'continue'), {
    description:
      'Lets the run go on. After a pause "now": "continue" (default) from the partial text, or "regenerate".',
  });
  setHandler(messages.restore, restore, {
    description:
      'Aborts the steps in flight and goes on from a checkpoint, in place. The API checks first that the code fits.',
  });
  setHandler(messages.nameCheckpoint, () => {}, {
    description: 'Names this point of the run: {"description": …, "tags": […]}. It can be forked and restored later.',
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
    // One that came while a journal was loaded has passed no validator.
    waits.check(answer);
    waits.answer(answer);
    return { accepted: true };
  };
