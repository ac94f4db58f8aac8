// The record of a run: its durable events in the order of the stream, and the story that they tell, over all timelines.
import { add, type Spent } from '../../activities/spent.ts';
import { isTerminal } from './event.ts';
import { createFold, type Fold } from './fold.ts';
import type { Happening } from './happening.ts';
import { wasteOf } from './ledger.ts';
import type { Segment } from './line.ts';
import { emptyStory, type Mark, type Story, type Told, type Words } from './story.ts';
import { following, type Mode, timelineView } from './timelines.ts';
import type { ToolReader } from './toolcall.ts';
import type { StepView, TimelineView } from './view.ts';
import { placeInRun } from './where.ts';

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
  /** Points that can be forked, over all timelines, in the order in which they came. */
  marks(): Mark[];
  /** How the timeline follows what was read before it. */
  begin(segment: Segment, ordinal: number): Mode;
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
  const marks = new Map<string, Mark>();
  /** What each timeline began with: one that is rewound begins with the same. */
  const origins = new Map<string, { story: Story; mode: Mode }>();
  let current: Current | undefined;

  const write = (entry: Entry) => {
    places.set(placeKey(entry), entries.length);
    entries.push(entry);
    const { words, event } = entry.told;
    if (words && event.type === 'step_aborted')
      partials.set(partialKey(entry.timeline, words.step, words.round), words);
  };

  /** What a reset copied has its place in the timeline that it was copied from. */
  const collect = ({ story, known, silent }: Current, happening: Happening) => {
    for (const mark of story.marks.slice(known)) {
      const key = placeInRun(mark);
      const isCopied = silent.has('rewound') && (!happening.origin || happening.origin.edited);
      if (!marks.has(key) && !isCopied) marks.set(key, mark);
    }
  };

  const ordinalOf = (ordinal: number, { origin }: Happening): number =>
    timelines.find(({ timeline }) => timeline === origin?.timeline)?.ordinal ?? ordinal;

  return {
    run,
    entries,
    timelines,
    story: () => current?.story ?? emptyStory(),
    timeline: () => current?.segment.timeline ?? '',
    inFlight: () => current?.fold.inFlight() ?? [],
    marks: () => [...marks.values()],
    begin(segment, ordinal) {
      const last = entries.at(-1);
      if (last && isTerminal(last.told.event.type)) last.hidden = true;
      const before = current?.story;
      const { timeline } = segment;
      const base = segment.opening === 'rewound' ? origins.get(segment.base) : undefined;
      const opening = segment.opening === 'rewound' ? (base?.mode ?? 'begins') : segment.opening;
      const story = base ? structuredClone(base.story) : following(before, opening, ordinal);
      origins.set(timeline, { story: structuredClone(story), mode: opening });
      const isCut = segment.opening === 'rewound' || opening === 'restored';
      const cutOff = isCut && before ? spentInAll(before) : undefined;
      const where = { run, ordinal, timeline, ordinalOf: (happening: Happening) => ordinalOf(ordinal, happening) };
      const fold = createFold({ ...where, story, opening, cutOff, readTool });
      current = { segment, ordinal, story, fold, silent: silenceOf(segment, opening), known: 0, at: [0, 0] };
      timelines.push(timelineView(segment, ordinal));
      return opening;
    },
    take(happenings, agree) {
      if (!current) return;
      const { segment, ordinal, fold, silent } = current;
      const { timeline } = segment;
      for (const happening of happenings) {
        const { id: event, at, kind } = happening;
        current.known = current.story.marks.length;
        const tolds = fold.take(happening);
        collect(current, happening);
        if (kind === 'started') timelines.at(-1)!.started_at = at;
        if (kind === 'rewound' && happening.timeline === timeline) silent.delete('rewound');
        // What led to a restored point was told before.
        const wasSilent = silent.has('restored');
        if (kind === 'spliced' && !happening.origin) silent.delete('restored');
        if (current.at[0] !== event) current.at = [event, 0];
        for (const told of tolds) {
          const index = current.at[1]++;
          if (silent.size > 0 || (wasSilent && told.event.type === 'step_aborted')) continue;
          const agreed = told.words ? (agree?.(timeline, told.words) ?? told.words.text.length) : 0;
          write({ ordinal, timeline, event, index, at, told, agreed, hidden: false });
        }
      }
    },
    find: (place) => places.get(placeKey(place)),
    partial: (timeline, step, round) => partials.get(partialKey(timeline, step, round)),
  };
}

interface Current {
  segment: Segment;
  ordinal: number;
  story: Story;
  fold: Fold;
  /** Until what has happened nothing is told: the copy of a base, the journal of a restored point. */
  silent: Set<'rewound' | 'restored'>;
  /** How many marks its story had before. */
  known: number;
  /** Newest history event, and how many stream events it has given. */
  at: [event: number, index: number];
}

const spentInAll = (story: Story): Spent => add(story.ledger.usage, wasteOf(story.ledger));

const placeKey = ({ timeline, event, index }: { timeline: string; event: number; index: number }): string =>
  `${timeline}/${event}/${index}`;

const partialKey = (timeline: string, step: string, round: number): string => `${timeline}/${round}/${step}`;

function silenceOf({ opening }: Segment, mode: Mode): Current['silent'] {
  const silent: Current['silent'] = new Set();
  if (opening === 'rewound') silent.add('rewound');
  if (mode === 'restored') silent.add('restored');
  return silent;
}
