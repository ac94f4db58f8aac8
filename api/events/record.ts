// The record of a run: its durable events in the order of the stream, and the story that they tell, over all timelines.
import { add, type Spent } from '../../activities/spent.ts';
import { isTerminal } from './event.ts';
import { createFold, type Fold } from './fold.ts';
import type { Happening } from './happening.ts';
import { wasteOf } from './ledger.ts';
import type { Segment } from './line.ts';
import { emptyStory, type Story, type Told, type Words } from './story.ts';
import type { ToolReader } from './toolcall.ts';
import type { Opening, StepView, TimelineView } from './view.ts';

/** A durable event and its place: timeline, history event, and index among the events which that one gives. */
export interface Entry {
  ordinal: number;
  timeline: string;
  event: number;
  index: number;
  at: string;
  told: Told;
  /** How many characters of its text agree with what the tokens in flight had said. */
  agreed: number;
  /** The end of a timeline that turned out not to be the run's end: a place to resume from, but not sent. */
  hidden: boolean;
}

/** How much of a step's stored text agrees with what its attempt was heard to say. */
export type Agree = (timeline: string, words: Words) => number;

export interface RunRecord {
  readonly run: string;
  readonly entries: readonly Entry[];
  readonly timelines: readonly TimelineView[];
  story(): Story;
  /** Temporal Run Id of the timeline being read; '' before the first. */
  timeline(): string;
  inFlight(): StepView[];
  begin(segment: Segment, ordinal: number): void;
  take(happenings: Happening[], agree?: Agree): void;
  /** Where an event stands in `entries`; undefined when this record never had it. */
  find(place: { timeline: string; event: number; index: number }): number | undefined;
  /** What an aborted round of a step had said. */
  partial(timeline: string, step: string, round: number): Words | undefined;
}

export function createRecord(run: string, readTool?: ToolReader): RunRecord {
  const entries: Entry[] = [];
  const timelines: TimelineView[] = [];
  const places = new Map<string, number>();
  const partials = new Map<string, Words>();
  /** What each timeline began with: one that is rewound begins with the same. */
  const origins = new Map<string, Story>();
  let current: { segment: Segment; ordinal: number; story: Story; fold: Fold; live: boolean } | undefined;

  const write = (entry: Entry) => {
    places.set(placeKey(entry), entries.length);
    entries.push(entry);
    const { words, event } = entry.told;
    if (words && event.type === 'step_aborted')
      partials.set(partialKey(entry.timeline, words.step, words.round), words);
  };

  return {
    run,
    entries,
    timelines,
    story: () => current?.story ?? emptyStory(),
    timeline: () => current?.segment.timeline ?? '',
    inFlight: () => current?.fold.inFlight() ?? [],
    begin(segment, ordinal) {
      const last = entries.at(-1);
      if (last && isTerminal(last.told.event.type)) last.hidden = true;
      const before = current?.story;
      const origin = segment.opening === 'rewound' ? origins.get(segment.base) : before;
      const story = goingOn(segment.opening === 'begins' ? undefined : origin);
      origins.set(segment.timeline, structuredClone(story));
      const rewound = segment.opening === 'rewound';
      const opening = segment.opening === 'rewound' ? openingOfBase(story) : segment.opening;
      const cutOff = rewound && before ? spentInAll(before) : undefined;
      const fold = createFold({ run, ordinal, timeline: segment.timeline, story, opening, cutOff, readTool });
      current = { segment, ordinal, story, fold, live: !rewound };
      timelines.push(timelineView(segment, ordinal));
    },
    take(happenings, agree) {
      if (!current) return;
      const { segment, ordinal, fold } = current;
      const { timeline } = segment;
      for (const happening of happenings) {
        const { id: event, at, kind } = happening;
        const tolds = fold.take(happening);
        if (kind === 'started') timelines.at(-1)!.started_at = at;
        if (kind === 'rewound' && happening.timeline === timeline) current.live = true;
        if (!current.live) continue;
        for (const [index, told] of tolds.entries()) {
          const agreed = told.words ? (agree?.(timeline, told.words) ?? told.words.text.length) : 0;
          write({ ordinal, timeline, event, index, at, told, agreed, hidden: false });
        }
      }
    },
    find: (place) => places.get(placeKey(place)),
    partial: (timeline, step, round) => partials.get(partialKey(timeline, step, round)),
  };
}

/** The story with which a timeline goes on where another one stood. */
function goingOn(before: Story | undefined): Story {
  if (!before) return emptyStory();
  const anew = { end: null, cancel_requested: false, pause_unheard: false, partial: null, waiting: [] };
  return { ...structuredClone(before), ...anew };
}

/** A rewound timeline starts as its base did. */
const openingOfBase = (story: Story) => (story.workflow === '' ? 'begins' : 'continues');

const spentInAll = (story: Story): Spent => add(story.ledger.usage, wasteOf(story.ledger));

const openings: Record<Segment['opening'], Opening> = {
  begins: 'started',
  begins_expired: 'continued',
  continues: 'continued',
  rewound: 'rewound',
};

function timelineView({ timeline, opening }: Segment, ordinal: number): TimelineView {
  return { timeline, ordinal, opening: openings[opening], started_at: null };
}

const placeKey = ({ timeline, event, index }: { timeline: string; event: number; index: number }): string =>
  `${timeline}/${event}/${index}`;

const partialKey = (timeline: string, step: string, round: number): string => `${timeline}/${round}/${step}`;
