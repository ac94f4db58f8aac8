// What every run has without asking, hung around the workflow's code: the worker registers this module.
import {
  ApplicationFailure,
  patched,
  setCurrentDetails,
  setHandler,
  type WorkflowInterceptorsFactory,
  workflowInfo,
} from '@temporalio/workflow';
import { comingOf } from './journal/child.ts';
import { belonging } from './belonging.ts';
import { journalActivity } from './journal/load.ts';
import { createTimeline } from './journal/timeline.ts';
import { checked } from './input.ts';
import * as messages from './messages.ts';
import { currentRun, openRun, type Run, startedRun } from './run.ts';
import { createShown, introduce } from './shown.ts';
import { tell } from './story.ts';
import { createSuperseded, type Superseded, supersededActivity } from './superseded.ts';
import { sessionType } from '../session/messages.ts';

export const interceptors: WorkflowInterceptorsFactory = () => {
  // A session is plain code: it cannot be held, and is not forked.
  if (workflowInfo().workflowType === sessionType) return {};
  const superseded = createSuperseded();
  const timeline = createTimeline({
    superseded,
    restoring: () => startedRun()?.restoring(),
    steps: () => startedRun()?.gate.completed() ?? 0,
    spliced: (splice) => currentRun().spliced(splice),
    suspended: () => startedRun()?.suspend(),
  });
  return {
    internals: [timeline.internals],
    inbound: [
      {
        async execute(input, next) {
          introduce();
          return timeline.run(() => {
            begin();
            return ended(currentRun(), superseded, () => next({ ...input, args: checked([...input.args]) }));
          });
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) =>
          input.activityType === journalActivity || input.activityType === supersededActivity
            ? next(input)
            : currentRun().gate.take(input, next),
        async startChildWorkflowExecution(input, next) {
          const { gate, family, parting } = currentRun();
          await gate.pass();
          const memo = family.memo();
          const options = belonging(input.options);
          const child = await next({
            ...input,
            options: memo ? { ...options, memo: { ...options.memo, ...memo } } : options,
          });
          gate.child(child[1]);
          family.child(input.options.workflowId, child[0], child[1]);
          parting.child(input.seq, child[1]);
          return child;
        },
        signalWorkflow(input, next) {
          const { target } = input;
          const coming = comingOf(
            target.type === 'child' ? target.childWorkflowId : (target.workflowExecution.workflowId ?? ''),
          );
          // Not awaited otherwise: what follows a signal must not come later than it did in older runs.
          return coming && patched('runtime/3') ? after(coming, () => next(input)) : next(input);
        },
        scheduleLocalActivity: () => refuse('A local activity'),
        startNexusOperation: () => refuse('A Nexus operation'),
      },
    ],
  };
};

async function after<T>(first: Promise<void>, send: () => Promise<T>): Promise<T> {
  await first;
  return send();
}

function begin(): void {
  const upsert = createShown();
  const run = openRun((run, anew) => {
    upsert(run, anew);
    setCurrentDetails(tell(run.view()));
  });
  listen(run);
}

/** A run that came to a limit fails of that, whatever its code made of it; but for a result. A parent knows all before. */
async function ended({ budget, parent }: Run, superseded: Superseded, live: () => Promise<unknown>): Promise<unknown> {
  try {
    return await live();
  } catch (error) {
    throw budget.failure() ?? error;
  } finally {
    await parent.told();
    const named = superseded.pending();
    if (named) await named;
  }
}

function refuse(what: string): Promise<never> {
  const why = `${what} leaves no record from which a run can be forked or continued. Make it a step: step('name').activity(…).`;
  return Promise.reject(ApplicationFailure.nonRetryable(why, 'NotReplayable'));
}

/** Signals and updates by hand (CLI, Web UI) are unchecked: what makes no sense falls back to the default. */
function listen({ gate, waits, ledger, budget, family, parent, view, restore }: Run): void {
  setHandler(messages.pause, (told) => hold(gate, family, told === 'now' ? 'now' : 'drain'), {
    description:
      'Holds the run and its children before their next steps. "drain" (default) lets steps in flight finish, "now" aborts them.',
  });
  setHandler(messages.resume, (told) => release(gate, family, told === 'regenerate' ? 'regenerate' : 'continue'), {
    description:
      'Lets the run and its children go on. After a pause "now": "continue" (default) from the partial text, or "regenerate".',
  });
  setHandler(messages.restore, restore, {
    description:
      'Aborts the steps in flight and goes on from a checkpoint, in place. The API checks first that the code fits.',
  });
  setHandler(messages.nameCheckpoint, () => {}, {
    description: 'Names this point of the run: {"description": …, "tags": […]}. It can be forked and restored later.',
  });
  setHandler(messages.limits, (told) => limit(budget, family, told), {
    description:
      'Limits: {"max_steps", "max_tokens", "max_cost_usd", "deadline_s", "on_breach": "pause" | "fail"}. What is left out stays, null takes one away.',
  });
  setHandler(messages.childSpent, (report) => family.heard(report));
  setHandler(messages.allowance, (allowance) => allow(parent, family, allowance));
  setHandler(messages.spent, (report) => ledger.reported(report));
  setHandler(messages.answerSignal, (answer) => waits.answer(answer), {
    description: 'Answers what the run waits for: {"waiting_id": …, "value": …}. The first answer counts.',
  });
  setHandler(messages.answer, acceptAnswer(waits), { validator: (answer) => waits.check(answer) });
  setHandler(messages.state, view);
}

function hold(gate: Run['gate'], family: Run['family'], mode: messages.PauseMode): void {
  gate.pause(mode);
  family.pause(mode);
}

function release(gate: Run['gate'], family: Run['family'], action: messages.ResumeAction): void {
  gate.resume(action);
  family.resume(action);
}

function limit(budget: Run['budget'], family: Run['family'], told: unknown): void {
  budget.change(told);
  family.limited();
}

function allow(parent: Run['parent'], family: Run['family'], allowance: unknown): void {
  parent.allowed(allowance);
  family.limited();
}

const acceptAnswer =
  (waits: Run['waits']) =>
  (answer: messages.Answer): { accepted: true } => {
    // One that came while a journal was loaded has passed no validator.
    waits.check(answer);
    waits.answer(answer);
    return { accepted: true };
  };
