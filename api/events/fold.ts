// Folds one timeline's happenings, in order, into the run's story and the durable events of its stream.
import { createChildren } from './children.ts';
import { end } from './ending.ts';
import type { Happening, Started } from './happening.ts';
import { bookRewind } from './ledger.ts';
import { asRunState, asWaiting } from './shape.ts';
import { createSteps } from './steps.ts';
import { started } from './steptold.ts';
import type { Story, Told } from './story.ts';
import type { ToolReader } from './toolcall.ts';
import type { StepView } from './view.ts';
import { createWaits, type Waits } from './waits.ts';
import type { Spent } from '../../activities/spent.ts';

export interface FoldOptions {
  run: string;
  /** Ordinal of the timeline, from 1. */
  ordinal: number;
  /** Its Temporal Run Id. */
  timeline: string;
  /** Changed in place. Empty for a run's beginning, what the timeline before has left for one that continues. */
  story: Story;
  opening: 'begins' | 'begins_expired' | 'continues';
  /** What the timeline that this one cuts off had spent in all. */
  cutOff?: Spent;
  readTool?: ToolReader;
}

export interface Fold {
  /** Never throws: whatever makes no sense to us gives no events. */
  take(happening: Happening): Told[];
  /** Activities that were scheduled and have not ended. */
  inFlight(): StepView[];
}

export function createFold(options: FoldOptions): Fold {
  const { run, ordinal, story, opening, cutOff, readTool = () => undefined } = options;
  const steps = createSteps(story, options, readTool);
  const children = createChildren(story);
  let waits: Waits | undefined;
  const people = () => (waits ??= createWaits(story, options, run));
  let paused = false;

  const stateChanged = (value: unknown): Told[] => {
    story.state = asRunState(value) ?? story.state;
    story.pause_unheard = false;
    steps.stateChanged();
    const was = paused;
    if (story.state === 'paused') paused = true;
    if (story.state === 'running' || story.state === 'waiting') paused = false;
    if (paused === was || story.cancel_requested) return [];
    const told: Told = { event: { type: paused ? 'run_paused' : 'run_resumed', data: { run_id: run } } };
    return paused ? [told] : [told, ...people().stillOpen()];
  };

  const rewound = (reason: string): Told[] => {
    if (cutOff) bookRewind(story.ledger, `${ordinal}/rewound`, cutOff);
    const data = { run_id: run, steps_kept: story.steps_completed, reason };
    const again: Told[] = paused ? [{ event: { type: 'run_paused', data: { run_id: run } } }] : [];
    return [{ event: { type: 'run_rewound', data } }, ...steps.inFlight().map(started), ...people().open(), ...again];
  };

  const take = (happening: Happening): Told[] => {
    switch (happening.kind) {
      case 'started':
        goOn(story, happening);
        paused = story.state === 'paused';
        people();
        return opening === 'continues' ? [] : begin(options, happening);
      case 'rewound':
        return rewound(happening.reason);
      case 'step_scheduled':
        return steps.scheduled(happening);
      case 'step_cancel_requested':
        steps.cancelRequested(happening);
        return [];
      case 'step_begun':
        steps.begun(happening);
        return [];
      case 'step_completed':
        return steps.completed(happening);
      case 'step_failed':
      case 'step_timed_out':
      case 'step_cancelled':
        return steps.ended(happening);
      case 'spent':
        steps.spent(happening);
        return [];
      case 'answered':
        people().answered(happening);
        return [];
      case 'cancel_requested':
        story.cancel_requested = true;
        return [];
      case 'asked':
        story.pause_unheard = happening.to === 'pause';
        return [];
      case 'state':
        return stateChanged(happening.state);
      case 'waiting':
        return people().changed(happening);
      case 'child_started':
        return children.started(happening);
      case 'child_ended':
        return children.ended(happening);
      case 'ended':
        return end(story, run, happening);
    }
  };

  return {
    take(happening) {
      story.at = happening.at;
      return take(happening);
    },
    inFlight: () => steps.inFlight(),
  };
}

function begin({ run, opening, story }: FoldOptions, began: Started & { at: string }): Told[] {
  const { workflow, session, input, at } = began;
  Object.assign(story, { workflow, session, input, created_at: at });
  const data = { run_id: run, session_id: session, timestamp: at, workflow };
  const told: Told[] = [{ event: { type: 'run_started', data } }];
  return opening === 'begins_expired' ? [{ event: { type: 'history_expired', data: { run_id: run } } }, ...told] : told;
}

/** A timeline is born with the search attributes and the memo that the one before had. */
function goOn(story: Story, { state, waiting }: Started): void {
  story.state = asRunState(state) ?? story.state;
  story.waiting = asWaiting(waiting) ?? [];
}
