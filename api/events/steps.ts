// Folds a timeline's steps: taken, aborted and taken again, completed, failed.
import type { Fault } from './event.ts';
import type { Happening } from './happening.ts';
import { bookInherited, bookUsage, bookWaste, type Cause } from './ledger.ts';
import type { Marks } from './marks.ts';
import type { Flight } from './open-state.ts';
import { valueOf } from './payload.ts';
import { asPaid, asPartial, asRecord, asReport } from './shape.ts';
import * as told from './steptold.ts';
import type { Story, Told } from './story.ts';
import { toolEnded, toolFailed, toolStarted, type ToolReader } from './toolcall.ts';
import type { StepStatus, StepView } from './view.ts';
import { keyOf, placeOf, type Where } from './where.ts';
import { add, type Spent } from '../../activities/spent.ts';

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>;

export interface Steps {
  scheduled(happening: Of<'step_scheduled'>): Told[];
  cancelRequested(happening: Of<'step_cancel_requested'>): void;
  begun(happening: Of<'step_begun'>): void;
  completed(happening: Of<'step_completed'>): Told[];
  ended(happening: Of<'step_failed' | 'step_timed_out' | 'step_cancelled'>): Told[];
  spent(happening: Of<'spent'>): void;
  /** To be called when RunState changed. */
  stateChanged(): void;
  /** A timeline goes on where another one was: what was in flight there is taken anew, unless it was told to stop. */
  spliced(happening: Of<'spliced'>): Told[];
  inFlight(): StepView[];
}

export interface StepsOptions {
  marks: Marks;
  readTool: ToolReader;
}

export function createSteps(story: Story, where: Where, { marks, readTool }: StepsOptions): Steps {
  const { flights, left, rounds } = story.open;
  const isOurs = ({ origin }: Happening) => origin === undefined || origin.run === where.run;
  /** What another run has spent in vain is its own affair. */
  const book = (happening: Happening, step: string, round: number, spent: Spent, cause: Cause) => {
    if (isOurs(happening)) bookWaste(story.ledger, `${story.open.epoch}/${step}/${round}`, spent, cause);
  };
  const stopping = () => story.state === 'stopping' || story.state === 'paused';

  const land = (happening: Happening & { scheduled: number }, status: StepStatus): Flight | undefined => {
    const key = keyOf(where, happening, happening.scheduled);
    const flight = flights.get(key);
    flights.delete(key);
    if (flight) Object.assign(flight.view, { status, completed_at: happening.at });
    return flight;
  };

  /** The same taking of a step, by the timeline that goes on with it. */
  const takeOver = (flight: Flight, happening: Of<'step_scheduled'>) => {
    const { step, at, input } = happening;
    left.delete(step);
    Object.assign(flight.view, { started_at: at, timeline: where.ordinal }, told.shownInput(input));
    if (isOurs(happening)) delete flight.view.inherited;
    flights.set(keyOf(where, happening, placeOf(where, happening).event), flight);
  };

  return {
    scheduled(happening) {
      const { at, step, activity, name, input } = happening;
      const going = left.get(step);
      if (going) {
        takeOver(going, happening);
        return [];
      }
      const round = rounds.get(step) ?? 0;
      rounds.set(step, round + 1);
      const timeline = where.ordinalOf(happening);
      const view = told.taken({ step, round, kind: 'activity', name, activity, timeline, started_at: at });
      Object.assign(view, told.shownInput(input), !isOurs(happening) && { inherited: true });
      const call = readTool(activity, valueOf(input));
      const tool = call && { ...call, step, started_at: at };
      story.steps.push(view);
      const place = placeOf(where, happening);
      flights.set(keyOf(where, happening, place.event), { view, tool, cancelRequested: false, aborted: false });
      return [told.started(view), ...(tool ? [{ event: toolStarted(tool) }] : [])];
    },
    cancelRequested(happening) {
      const flight = flights.get(keyOf(where, happening, happening.scheduled));
      if (flight) Object.assign(flight, { cancelRequested: true, aborted: stopping() });
    },
    begun(happening) {
      const flight = flights.get(keyOf(where, happening, happening.scheduled));
      if (flight) flight.view.attempt = happening.attempt;
    },
    completed(happening) {
      const flight = land(happening, 'completed');
      if (!flight) return [];
      const { at, result } = happening;
      const { view, tool } = flight;
      const paid = asPaid(valueOf(result));
      if (paid) {
        (isOurs(happening) ? bookUsage : bookInherited)(story.ledger, paid.usage);
        story.worth = add(story.worth, paid.usage);
        // What no failed attempt has told of was lost with its worker.
        book(happening, view.step, view.round, paid.wasted, 'crashes');
      }
      if (result?.state === 'missing') story.payload_missing ??= at;
      if (story.partial?.step === view.step) story.partial = null;
      const outcome = told.shownResult(result);
      Object.assign(view, outcome, paid && { usage: paid.usage });
      marks.completed(view, placeOf(where, happening), happening);
      const called = tool && toolEnded(tool, at, result, outcome);
      if (called) story.tool_calls++;
      return [...(called ? [{ event: called }] : []), told.completed(view, told.textOf(result))];
    },
    ended(happening) {
      const flight = land(happening, 'failed');
      if (!flight) return [];
      const { view, tool } = flight;
      const left = happening.kind === 'step_failed' ? undefined : happening.left;
      const partial = asPartial(left);
      const spent = partial?.spent ?? asRecord(left)?.spent;
      if (spent) book(happening, view.step, view.round, spent, partial ? 'aborts' : 'crashes');
      view.status = statusOf(happening.kind, flight, story);
      if (partial && partial.text !== '') {
        view.partial = partial.text;
        story.partial = { step: view.step, text: partial.text };
      }
      const error = happening.kind === 'step_cancelled' ? cancelled : happening.error;
      const called = tool ? [{ event: toolFailed(tool, happening.at, error) }] : [];
      if (view.status === 'aborted' || view.status === 'cancelled') return [...called, told.aborted(view)];
      view.error = error;
      return [...called, told.failed(view, error)];
    },
    spent(happening) {
      const reported = asReport(happening.report);
      if (reported) book(happening, reported.step, reported.round, reported.spent, 'retries');
    },
    stateChanged() {
      if (!stopping()) return;
      for (const flight of flights.values()) flight.aborted ||= flight.cancelRequested;
    },
    spliced({ at }) {
      const stopped: Told[] = [];
      for (const flight of flights.values()) {
        const { view, cancelRequested } = flight;
        if (!cancelRequested) left.set(view.step, flight);
        else {
          Object.assign(view, { status: 'aborted', completed_at: at });
          stopped.push(told.aborted(view));
        }
      }
      flights.clear();
      return stopped;
    },
    inFlight: () => [...left.values(), ...flights.values()].map(({ view }) => view),
  };
}

const cancelled: Fault = { type: 'cancelled', message: 'cancelled' };

/** Whatever comes back from a step that was told to stop, except a result, is a step that was stopped. */
function statusOf(kind: Of<'step_failed' | 'step_timed_out' | 'step_cancelled'>['kind'], flight: Flight, story: Story) {
  if (flight.cancelRequested && story.cancel_requested) return 'cancelled';
  if (flight.aborted) return 'aborted';
  const own = { step_failed: 'failed', step_timed_out: 'timed_out', step_cancelled: 'cancelled' } as const;
  return own[kind];
}
