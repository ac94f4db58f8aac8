// Folds a timeline's steps: taken, aborted and taken again, completed, failed.
import type { Fault } from './event.ts';
import type { Happening } from './happening.ts';
import { bookUsage, bookWaste } from './ledger.ts';
import { valueOf } from './payload.ts';
import { asPaid, asPartial, asRecord, asReport } from './shape.ts';
import * as told from './steptold.ts';
import type { Story, Told } from './story.ts';
import { toolCompleted, toolFailed, toolStarted, type ToolCall, type ToolReader } from './toolcall.ts';
import type { StepStatus, StepView } from './view.ts';

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>;

interface Flight {
  view: StepView;
  tool: ToolCall | undefined;
  cancelRequested: boolean;
  /** The run was pausing while its cancel was out: however it ends but with a result, it was aborted. */
  aborted: boolean;
}

export interface Steps {
  scheduled(happening: Of<'step_scheduled'>): Told[];
  cancelRequested(happening: Of<'step_cancel_requested'>): void;
  begun(happening: Of<'step_begun'>): void;
  completed(happening: Of<'step_completed'>): Told[];
  ended(happening: Of<'step_failed' | 'step_timed_out' | 'step_cancelled'>): Told[];
  spent(happening: Of<'spent'>): void;
  /** To be called when RunState changed. */
  stateChanged(): void;
  inFlight(): StepView[];
}

/** Where the steps are taken: the timeline's ordinal and its Temporal Run Id. */
export interface Where {
  ordinal: number;
  timeline: string;
}

export function createSteps(story: Story, { ordinal, timeline }: Where, readTool: ToolReader): Steps {
  /** By the id of the event that scheduled them. */
  const flights = new Map<number, Flight>();
  const rounds = new Map<string, number>();
  const book = (step: string, round: number, spent: Parameters<typeof bookWaste>[2]) =>
    bookWaste(story.ledger, `${ordinal}/${step}/${round}`, spent);
  const stopping = () => story.state === 'stopping' || story.state === 'paused';

  const land = (scheduled: number, status: StepStatus, at: string): Flight | undefined => {
    const flight = flights.get(scheduled);
    flights.delete(scheduled);
    if (flight) Object.assign(flight.view, { status, completed_at: at });
    return flight;
  };

  return {
    scheduled({ id, at, step, activity, name, input }) {
      const round = rounds.get(step) ?? 0;
      rounds.set(step, round + 1);
      const view = told.taken({ step, round, kind: 'activity', name, activity, timeline: ordinal, started_at: at });
      Object.assign(view, told.shownInput(input));
      const call = readTool(activity, valueOf(input));
      const tool = call && { ...call, step, started_at: at };
      story.steps.push(view);
      flights.set(id, { view, tool, cancelRequested: false, aborted: false });
      return [told.started(view), ...(tool ? [{ event: toolStarted(tool) }] : [])];
    },
    cancelRequested({ scheduled }) {
      const flight = flights.get(scheduled);
      if (flight) Object.assign(flight, { cancelRequested: true, aborted: stopping() });
    },
    begun({ scheduled, attempt }) {
      const flight = flights.get(scheduled);
      if (flight) flight.view.attempt = attempt;
    },
    completed({ id, scheduled, at, result }) {
      const flight = land(scheduled, 'completed', at);
      if (!flight) return [];
      const { view, tool } = flight;
      const paid = asPaid(valueOf(result));
      if (paid) {
        bookUsage(story.ledger, paid.usage);
        book(view.step, view.round, paid.wasted);
      }
      if (result?.state === 'missing') story.payload_missing ??= at;
      if (story.partial?.step === view.step) story.partial = null;
      if (tool) story.tool_calls++;
      const outcome = told.shownResult(result);
      Object.assign(view, outcome, { step_num: ++story.steps_completed, checkpoint: { timeline, event: id } });
      if (paid) view.usage = paid.usage;
      const called = tool ? [{ event: toolCompleted(tool, at, outcome) }] : [];
      return [...called, told.completed(view, told.textOf(result))];
    },
    ended(happening) {
      const flight = land(happening.scheduled, 'failed', happening.at);
      if (!flight) return [];
      const { view, tool } = flight;
      const left = happening.kind === 'step_failed' ? undefined : happening.left;
      const partial = asPartial(left);
      const spent = partial?.spent ?? asRecord(left)?.spent;
      if (spent) book(view.step, view.round, spent);
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
    spent({ report }) {
      const reported = asReport(report);
      if (reported) book(reported.step, reported.round, reported.spent);
    },
    stateChanged() {
      if (!stopping()) return;
      for (const flight of flights.values()) flight.aborted ||= flight.cancelRequested;
    },
    inFlight: () => [...flights.values()].map(({ view }) => view),
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
