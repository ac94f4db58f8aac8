// How far the steps of a message are, as one client was told: what happens gives the events that it is told next.
import type { Fault } from '../../events/event.ts';
import { type Output, type Plan, stepsOf } from './plan.ts';
import type { Done } from './results.ts';

export interface StepEvent {
  type: `STEP_RUN_EVENT_TYPE_${'STARTED' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT'}` | 'result';
  payload: unknown;
  messageId: string;
  /** Null: the event is of the run as a whole. */
  step: string | null;
}

/** What is no step of the plan gives no events. */
export interface Progress {
  begin(step: string): StepEvent[];
  complete(done: Done): StepEvent[];
  /** The run is where it was after these steps: those are told that the client does not know, or knows otherwise. */
  goBack(kept: Done[]): StepEvent[];
  succeed(): StepEvent[];
  cancel(): StepEvent[];
  fail(fault: Fault): StepEvent[];
}

/** What has taken too long: a run or a step to Temporal, a step to itself, a page. */
const late = new Set(['timed_out', 'StepTooLong', 'PageTimedOut']);

export function createProgress(run: string, plan: Plan): Progress {
  const { before, outputs } = plan;
  const done = new Map<string, Output>();
  let open: string | undefined;

  const event = (type: StepEvent['type'], step: string | null, payload: unknown): StepEvent => ({
    type,
    payload,
    messageId: run,
    step,
  });
  const started = (step: string) => event('STEP_RUN_EVENT_TYPE_STARTED', step, null);
  const completed = (step: string, output: Output) => {
    done.set(step, output);
    return event('STEP_RUN_EVENT_TYPE_COMPLETED', step, output);
  };
  const prelude = () =>
    before && !done.has(before.step) ? [started(before.step), completed(before.step, before.output)] : [];

  /** In flight, or else the next one. */
  const current = () => open ?? stepsOf(plan).find((step) => !done.has(step)) ?? null;

  return {
    begin(step) {
      // Taken again after a pause, or by the timeline that goes on with it.
      if (!outputs.has(step) || step === open) return [];
      open = step;
      return [...prelude(), started(step)];
    },
    complete({ name, result }) {
      const outputOf = outputs.get(name);
      if (!outputOf) return [];
      open = undefined;
      return [completed(name, outputOf(result))];
    },
    goBack(kept) {
      const known = new Map(done);
      for (const step of outputs.keys()) done.delete(step);
      return kept.flatMap(({ name, result }) => {
        const output = outputs.get(name)?.(result);
        if (!output) return [];
        if (open === name) open = undefined;
        const events = [...prelude(), started(name), completed(name, output)];
        return JSON.stringify(known.get(name)) === JSON.stringify(output) ? [] : events;
      });
    },
    succeed: () => [event('result', null, Object.fromEntries(done))],
    cancel: () => [event('STEP_RUN_EVENT_TYPE_CANCELLED', current(), null)],
    fail({ type, message }) {
      const ending = late.has(type) ? 'STEP_RUN_EVENT_TYPE_TIMED_OUT' : 'STEP_RUN_EVENT_TYPE_FAILED';
      return [event(ending, current(), { error: message || type })];
    },
  };
}
