// Folds a run's waits for a person: each is a step, and the run is `waiting` while any is open.
import type { Happening } from './happening.ts';
import { asAnswer, asWaiting } from './shape.ts';
import type { Where } from './steps.ts';
import { aborted, completed, started, taken } from './steptold.ts';
import type { Story, Told } from './story.ts';
import type { WaitingFor } from '../../workflows/runtime/messages.ts';
import type { StepView } from './view.ts';

export interface Waits {
  answered(happening: Extract<Happening, { kind: 'answered' }>): void;
  /** Memo `waiting_for` has changed. */
  changed(happening: Extract<Happening, { kind: 'waiting' }>): Told[];
  /** What a viewer who comes in between has to be told of them. */
  open(): Told[];
  /** The run is no longer paused, and still waits. */
  stillOpen(): Told[];
}

export function createWaits(story: Story, { ordinal, timeline }: Where, run: string): Waits {
  const open = new Map<string, StepView>();
  const answers = new Map<string, { value: unknown; event: number }>();
  const rounds = new Map<string, number>();

  const begin = (wait: WaitingFor, at: string): StepView => {
    const { waiting_id: step, name } = wait;
    const round = rounds.get(step) ?? 0;
    rounds.set(step, round + 1);
    const view = taken({ step, round, kind: 'wait', name, activity: null, timeline: ordinal, started_at: at });
    story.steps.push(view);
    open.set(step, view);
    return view;
  };

  const finish = (view: StepView, at: string): Told => {
    open.delete(view.step);
    view.completed_at = at;
    const answer = answers.get(view.step);
    if (!answer) {
      view.status = 'cancelled';
      return aborted(view);
    }
    const checkpoint = { timeline, event: answer.event };
    const step_num = ++story.steps_completed;
    Object.assign(view, { status: 'completed', step_num, checkpoint, result: answer.value });
    return completed(view, undefined);
  };

  const waitingNow = (): Told => ({
    event: { type: 'run_waiting', data: { run_id: run, waiting_for: story.waiting } },
  });

  // A timeline that continues another one is born with its open waits.
  for (const wait of story.waiting) begin(wait, story.at);

  return {
    answered({ id, answer: value }) {
      const answer = asAnswer(value);
      if (answer && open.has(answer.waiting_id) && !answers.has(answer.waiting_id))
        answers.set(answer.waiting_id, { value: answer.value, event: id });
    },
    changed({ at, waiting }) {
      const now = asWaiting(waiting) ?? [];
      const ids = new Set(now.map((wait) => wait.waiting_id));
      const wasWaiting = open.size > 0;
      story.waiting = now;
      const over = [...open.values()].filter((view) => !ids.has(view.step)).map((view) => finish(view, at));
      const added = now.filter((wait) => !open.has(wait.waiting_id)).map((wait) => started(begin(wait, at)));
      if (added.length > 0) return [...over, ...added, waitingNow()];
      const goesOn = wasWaiting && open.size === 0 && !story.cancel_requested && story.state !== 'paused';
      return goesOn ? [...over, { event: { type: 'run_resumed', data: { run_id: run } } }] : over;
    },
    stillOpen: () => (open.size === 0 ? [] : [waitingNow()]),
    open: () => (open.size === 0 ? [] : [...[...open.values()].map(started), waitingNow()]),
  };
}
