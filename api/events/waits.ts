// Folds a run's waits for a person: each is a step, and the run is `waiting` while any is open.
import type { Happening } from './happening.ts';
import type { Marks } from './marks.ts';
import { asAnswer, asWaiting } from './shape.ts';
import { aborted, completed, started, taken } from './steptold.ts';
import type { Story, Told } from './story.ts';
import type { WaitingFor } from '../../workflows/runtime/messages.ts';
import { toolAnswered, toolUnanswered } from './toolcall.ts';
import type { StepView } from './view.ts';
import { placeOf, type Where } from './where.ts';

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>;

export interface Waits {
  answered(happening: Of<'answered'>): void;
  /** A wait that is known by its answer alone. */
  wasAnswered(happening: Of<'wait_answered'>): Told[];
  /** Memo `waiting_for` has changed. */
  changed(happening: Of<'waiting'>): Told[];
  /** What the timeline was born with, and is not known to be open. */
  adopt(): void;
  /** What a viewer who comes in between has to be told of them. */
  open(): Told[];
  /** The run is no longer paused, and still waits. */
  stillOpen(): Told[];
}

export function createWaits(story: Story, where: Where, marks: Marks): Waits {
  const { waits: open, answers, rounds } = story.open;
  const { run, ordinal } = where;

  const begin = ({ waiting_id: step, name }: Pick<WaitingFor, 'waiting_id' | 'name'>, at: string): StepView => {
    const key = `wait ${step}`;
    const round = rounds.get(key) ?? 0;
    rounds.set(key, round + 1);
    const view = taken({ step, round, kind: 'wait', name, activity: null, timeline: ordinal, started_at: at });
    story.steps.push(view);
    open.set(step, view);
    return view;
  };

  const finish = (view: StepView, happening: Happening): Told => {
    open.delete(view.step);
    view.completed_at = happening.at;
    const answer = answers.get(view.step);
    if (!answer) {
      view.status = 'cancelled';
      return aborted(view);
    }
    Object.assign(view, { status: 'completed', result: answer.value });
    marks.completed(view, answer.checkpoint, happening);
    return completed(view, undefined);
  };

  /** What the answer, or that there was none, means for a tool call that a person was asked about. */
  const calledIn = (view: StepView, wait: WaitingFor | undefined, at: string): Told[] => {
    if (!wait) return [];
    const answer = answers.get(view.step);
    const late = answer || story.cancel_requested ? undefined : toolUnanswered(wait, view, at);
    const told = answer ? toolAnswered(wait, view, at, answer.value) : late;
    if (told) story.tool_calls++;
    return told ? [{ event: told }] : [];
  };

  const waitingNow = (): Told => ({
    event: { type: 'run_waiting', data: { run_id: run, waiting_for: story.waiting } },
  });

  return {
    answered(happening) {
      const answer = asAnswer(happening.answer);
      if (answer && open.has(answer.waiting_id) && !answers.has(answer.waiting_id))
        answers.set(answer.waiting_id, { value: answer.value, checkpoint: placeOf(where, happening) });
    },
    wasAnswered(happening) {
      const answer = asAnswer(happening.answer);
      if (!answer) return [];
      const { waiting_id, value } = answer;
      const view = begin({ waiting_id, name: waiting_id.replace(/-\d+$/, '') }, happening.at);
      Object.assign(view, { timeline: where.ordinalOf(happening) });
      if (happening.origin && happening.origin.run !== run) view.inherited = true;
      answers.set(waiting_id, { value, checkpoint: placeOf(where, happening) });
      return [started(view), finish(view, happening)];
    },
    changed(happening) {
      const { at, waiting } = happening;
      const now = asWaiting(waiting) ?? [];
      const ids = new Set(now.map((wait) => wait.waiting_id));
      const wasWaiting = open.size > 0;
      const asked = new Map(story.waiting.map((wait) => [wait.waiting_id, wait]));
      story.waiting = now;
      const over = [...open.values()]
        .filter((view) => !ids.has(view.step))
        .flatMap((view) => [...calledIn(view, asked.get(view.step), at), finish(view, happening)]);
      const added = now.filter((wait) => !open.has(wait.waiting_id)).map((wait) => started(begin(wait, at)));
      if (added.length > 0) return [...over, ...added, waitingNow()];
      const goesOn = wasWaiting && open.size === 0 && !story.cancel_requested && story.state !== 'paused';
      return goesOn ? [...over, { event: { type: 'run_resumed', data: { run_id: run } } }] : over;
    },
    adopt() {
      for (const wait of story.waiting) if (!open.has(wait.waiting_id)) begin(wait, story.at);
    },
    stillOpen: () => (open.size === 0 ? [] : [waitingNow()]),
    open: () => (open.size === 0 ? [] : [...[...open.values()].map(started), waitingNow()]),
  };
}
