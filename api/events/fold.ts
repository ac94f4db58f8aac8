// Folds one timeline's happenings, in order, into the run's story and the durable events of its stream.
import { createChildren } from './children.ts';
import { end } from './ending.ts';
import type { Happening } from './happening.ts';
import { bookAccount, bookRewind } from './ledger.ts';
import { createMarks } from './marks.ts';
import { asRunState } from './shape.ts';
import { createSteps } from './steps.ts';
import { started } from './steptold.ts';
import type { Story, Told } from './story.ts';
import { readToolCall, type ToolReader } from './toolcall.ts';
import type { StepView } from './view.ts';
import { type Mode, introduce, showBorn } from './timelines.ts';
import { createWaits } from './waits.ts';
import type { Where } from './where.ts';
import { isNothing, nothing, type Spent } from '../../activities/spent.ts';

export interface FoldOptions extends Where {
  /** Changed in place. Empty for a run's beginning, what the timeline before has left for one that continues. */
  story: Story;
  opening: Mode;
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

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>;

export function createFold(options: FoldOptions): Fold {
  const { run, ordinal, timeline, story, opening, cutOff, readTool = readToolCall } = options;
  const marks = createMarks(story, options);
  const steps = createSteps(story, options, { marks, readTool });
  const people = createWaits(story, options, marks);
  const children = createChildren(story, options);
  const { open } = story;
  /** What the run showed of itself when the timeline was opened. */
  let born = story.state;

  const begin = (happening: Of<'started'>): Told[] => {
    showBorn(story, happening);
    born = story.state;
    open.paused = story.state === 'paused';
    // A journal first tells what led to that.
    if (!happening.opening || opening === 'goes_on') people.adopt();
    return opening === 'continues' || opening === 'goes_on' ? [] : introduce(options, happening);
  };

  const stateChanged = ({ state: value, origin }: Of<'state'>): Told[] => {
    story.state = asRunState(value) ?? story.state;
    story.pause_unheard = false;
    steps.stateChanged();
    const was = open.paused;
    if (story.state === 'paused') open.paused = true;
    if (story.state === 'running' || story.state === 'waiting') open.paused = false;
    if (origin || open.paused === was || story.cancel_requested) return [];
    const told: Told = { event: { type: open.paused ? 'run_paused' : 'run_resumed', data: { run_id: run } } };
    return open.paused ? [told] : [told, ...people.stillOpen()];
  };

  /** What a viewer who comes in between has to be told. */
  const underWay = (): Told[] => {
    const held: Told[] = open.paused ? [{ event: { type: 'run_paused', data: { run_id: run } } }] : [];
    return [...people.open(), ...held];
  };

  const rewound = (reason: string, spent = cutOff): Told[] => {
    if (spent && !isNothing(spent)) bookRewind(story.ledger, `${ordinal}/rewound`, spent);
    const data = { run_id: run, steps_kept: story.steps_completed, reason };
    return [{ event: { type: 'run_rewound', data } }, ...steps.inFlight().map(started), ...underWay()];
  };

  const spliced = (happening: Of<'spliced'>): Told[] => {
    const { how, account, origin } = happening;
    if (opening === 'goes_on') return [];
    const told = how === 'continue' ? [] : steps.spliced(happening);
    if (how !== 'continue') children.spliced();
    // A fork goes on whatever pause its source was in. What it waits for it shows anew.
    if (how !== 'continue') Object.assign(story, { state: 'running', waiting: [] });
    else if (!origin) story.state = born;
    if (account && (!origin || origin.run === run)) bookAccount(story.ledger, account);
    if (origin) return told;
    open.paused = story.state === 'paused';
    people.adopt();
    if (opening === 'restored') return [...told, ...rewound('restored', account ? nothing : cutOff)];
    return how === 'continue' ? underWay() : told;
  };

  const take = (happening: Happening): Told[] => {
    switch (happening.kind) {
      case 'started':
        return begin(happening);
      case 'rewound':
        marks.reached({ timeline: happening.base, event: happening.id });
        return happening.timeline === timeline ? rewound(happening.reason) : [];
      case 'spliced':
        return spliced(happening);
      case 'served':
        marks.served(happening);
        return [];
      case 'journal_missing':
        story.payload_missing ??= happening.at;
        return [];
      case 'named':
        marks.named(happening);
        return [];
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
        people.answered(happening);
        return [];
      case 'wait_answered':
        return people.wasAnswered(happening);
      case 'cancel_requested':
        story.cancel_requested = true;
        return [];
      case 'asked':
        story.pause_unheard = happening.to === 'pause';
        return [];
      case 'state':
        return stateChanged(happening);
      case 'waiting':
        return people.changed(happening);
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
