// One point of a run: what had been said and done there.
import type { Message } from '../../activities/model/model.ts';
import { type Place, readAlone } from './alone.ts';
import { openPayload, shown, type Open, type Opened } from './payload.ts';
import type { Sources } from './points.ts';
import type { Mark } from './story.ts';
import { createTalk, type ModelConfig } from './talk.ts';
import { placeKey, type Turns } from './turns.ts';
import type { Checkpoint } from './view.ts';

export interface Point extends Pick<Mark, 'at' | 'step' | 'step_num' | 'name' | 'status' | 'metrics'> {
  messages: readonly Message[];
  config: ModelConfig | null;
  /** The step's, whole, as far as they are recorded. */
  input?: unknown;
  result?: unknown;
}

/** Undefined: neither the timeline nor what it was served has such an event, or it is gone. */
export async function pointIn(sources: Sources, source: Place, wanted: Checkpoint): Promise<Point | undefined> {
  const read = await readAlone(sources, source, wanted);
  if (!read) return undefined;
  const { story, turns, at, time } = read;
  const before = marksUpTo(story.marks, at, time);
  const talk = createTalk(sources.open);
  for (const mark of before) {
    const turn = mark.name ? undefined : turns.at(mark);
    if (turn) await talk.add(turn);
  }
  const last = before.at(-1);
  const mark = last && placeKey(last) === placeKey(at) ? last : undefined;
  const { step = null, step_num = 0, status = 'running', metrics = nothingYet } = last ?? {};
  return {
    at: mark?.at ?? time,
    step,
    step_num,
    ...(mark?.name && { name: mark.name }),
    status,
    metrics,
    messages: talk.messages,
    config: talk.config,
    ...(await valuesOf(step?.checkpoint ?? undefined, turns, sources.open)),
  };
}

const nothingYet: Mark['metrics'] = {
  total_tokens: 0,
  prompt_tokens: 0,
  completion_tokens: 0,
  duration: 0,
  steps_count: 0,
  tool_calls_count: 0,
};

async function valuesOf(
  step: Checkpoint | undefined,
  turns: Turns,
  open: Open,
): Promise<Pick<Point, 'input' | 'result'>> {
  const held = turns.held();
  if (!step || !held || placeKey(held.place) !== placeKey(step)) return {};
  const [input, result] = await Promise.all([whole(held.input, open), whole(held.result, open)]);
  return { ...(held.input && { input }), ...(held.result && { result }) };
}

const whole = async (opened: Opened | undefined, open: Open): Promise<unknown> =>
  shown(opened?.state === 'large' ? await openPayload(open, opened.payload, Infinity) : opened);

/** Up to the newest one that is not behind the place; what led to the timeline, when it has none so early. */
function marksUpTo(marks: Mark[], { timeline, event }: Checkpoint, time: string): Mark[] {
  const exact = marks.findIndex((mark) => mark.timeline === timeline && mark.event === event);
  if (exact >= 0) return marks.slice(0, exact + 1);
  const last = marks.findLastIndex((mark) => mark.timeline === timeline && mark.event <= event);
  if (last >= 0) return marks.slice(0, last + 1);
  const next = marks.findIndex((mark) => mark.timeline === timeline);
  return next >= 0 ? marks.slice(0, next) : marks.filter(({ at }) => at <= time);
}
