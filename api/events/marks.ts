// The points of a run that can be forked: where each step was completed, and where somebody gave a name.
import type { Happening } from './happening.ts';
import { metricsOf } from './ending.ts';
import { asName } from './shape.ts';
import type { Mark, Story } from './story.ts';
import type { Checkpoint, StepView } from './view.ts';
import { placeOf, type Where } from './where.ts';

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>;

export interface Marks {
  /** Counts a completed step. `place`: what completed it. */
  completed(view: StepView, place: Checkpoint, happening: Happening): void;
  named(happening: Of<'named'>): void;
  /** All up to there was served by the origin. */
  served(happening: Of<'served'>): void;
  /** All up to there is in this history, too. */
  reached(place: Checkpoint): void;
}

export function createMarks(story: Story, where: Where): Marks {
  const markAt = (place: Checkpoint, { at, origin }: Happening): Omit<Mark, 'step' | 'step_num'> => ({
    ...place,
    at,
    run: origin?.run ?? where.run,
    status: statusOf(story),
    metrics: metricsOf({ ...story, end: null }, story.worth, story.began),
  });

  const reached = ({ timeline, event }: Checkpoint) =>
    void story.reaches.set(timeline, Math.max(event, story.reaches.get(timeline) ?? 0));

  return {
    completed(view, place, happening) {
      const step_num = ++story.steps_completed;
      Object.assign(view, { step_num, checkpoint: place });
      story.marks.push({ ...markAt(place, happening), step: view, step_num });
    },
    named(happening) {
      const name = asName(happening.name);
      const { step = null, step_num = 0 } = story.marks.at(-1) ?? {};
      if (name) story.marks.push({ ...markAt(placeOf(where, happening), happening), step, step_num, name });
    },
    served(happening) {
      reached(placeOf(where, happening));
      if (happening.at < story.began) story.began = happening.at;
    },
    reached,
  };
}

function statusOf({ state, open }: Story): Mark['status'] {
  if (state === 'paused') return 'paused';
  return open.waits.size > 0 ? 'waiting' : 'running';
}
