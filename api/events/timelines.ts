// How the timelines of a run follow each other: what each begins with.
import type { Started } from './happening.ts';
import type { Segment } from './line.ts';
import { nothingOpen } from './open-state.ts';
import { asRunState, asWaiting } from './shape.ts';
import { emptyStory, type Story, type Told } from './story.ts';
import type { Opening, TimelineView } from './view.ts';

/**
 * How a timeline follows what was read before it. `continues`: its workflow went on anew, by its own hand. `goes_on`: the
 * same, with all that was under way. `restored`: at an earlier point, which its journal tells.
 */
export type Mode = 'begins' | 'begins_expired' | 'continues' | 'goes_on' | 'restored';

/** The story with which a timeline begins, after what the one before has left. */
export function following(before: Story | undefined, mode: Mode, ordinal: number): Story {
  const anew = { end: null, pause_unheard: false, waiting: [] };
  const empty = { ...emptyStory(), open: nothingOpen(ordinal) };
  if (!before || mode === 'begins' || mode === 'begins_expired') return empty;
  if (mode === 'restored') return { ...empty, created_at: before.created_at };
  const story = { ...structuredClone(before), ...anew };
  return mode === 'goes_on' ? story : { ...story, open: empty.open, cancel_requested: false, partial: null };
}

interface Begun {
  run: string;
  opening: Mode;
  story: Story;
}

/** What is told of a run's beginning. */
export function introduce({ run, opening, story }: Begun, began: Started & { at: string }): Told[] {
  const { workflow, session, input, at } = began;
  // A restored run was created when it first began.
  const created_at = opening === 'restored' ? story.created_at || at : at;
  Object.assign(story, { workflow, session, input, created_at, began: created_at });
  const data = { run_id: run, session_id: session, timestamp: at, workflow };
  const told: Told[] = [{ event: { type: 'run_started', data } }];
  return opening === 'begins_expired' ? [{ event: { type: 'history_expired', data: { run_id: run } } }, ...told] : told;
}

/** A timeline is born with the search attributes and the memo that the one before had. */
export function showBorn(story: Story, { state, waiting }: Started): void {
  story.state = asRunState(state) ?? story.state;
  story.waiting = asWaiting(waiting) ?? [];
}

const openings: Record<Segment['opening'], Opening> = {
  begins: 'started',
  begins_expired: 'continued',
  continues: 'continued',
  goes_on: 'continued',
  restored: 'rewound',
  rewound: 'rewound',
};

export function timelineView({ timeline, opening }: Segment, ordinal: number): TimelineView {
  return { timeline, ordinal, opening: openings[opening], started_at: null };
}
