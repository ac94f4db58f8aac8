// Reads one timeline alone: so a point of it reads the same, whatever its run does later and whatever is no longer kept
// of the timelines before.
import { createDecoder } from './decode/decode.ts';
import type { Happening } from './happening.ts';
import { isGone, isRefused } from './history.ts';
import { lineOf, type LineReader, pagesOf, type Segment } from './line.ts';
import type { Sources } from './points.ts';
import { createRecord } from './record.ts';
import type { Story } from './story.ts';
import { createTurns, type Turns } from './turns.ts';
import type { Checkpoint } from './view.ts';
import { placeOf } from './where.ts';

export interface Place {
  run: string;
  timeline: string;
}

export interface Alone {
  story: Story;
  turns: Turns;
  /** Where its own history has the point. */
  at: Checkpoint;
  /** Time of the newest thing that is told of the timeline up to there. */
  time: string;
  /** The run whose history that is. */
  owner: string;
  /** With results that somebody edited. */
  edited: boolean;
}

/**
 * The run in whose history a point was recorded. Undefined: the timeline has none such, of its own or served; of a point
 * within another timeline also when nobody had edited it here.
 */
export async function ownerOf(sources: Sources, source: Place, wanted: Checkpoint): Promise<string | undefined> {
  const read = await readAlone(sources, source, wanted);
  return wanted.within === undefined || read?.edited ? read?.owner : undefined;
}

/** Undefined: neither the timeline nor what it was served has such an event, or it is gone. */
export async function readAlone(
  sources: Sources,
  { run, timeline }: Place,
  wanted: Checkpoint,
): Promise<Alone | undefined> {
  const { history, open, readTool } = sources;
  const reader = { history, run, open };
  const record = createRecord(run, readTool);
  const turns = createTurns(wanted);
  const bases = new Set<string>();
  let [time, owner] = ['', run];
  let edited = false;
  let end = 0;
  const take = (happenings: Happening[], of: string) => {
    for (const happening of happenings) {
      const place = placeOf({ timeline: of }, happening);
      if (place.timeline === wanted.timeline) {
        owner = happening.origin?.run ?? run;
        if (place.event <= wanted.event) {
          time = happening.at;
          edited = place.within !== undefined;
        }
      }
      if (happening.kind === 'rewound') bases.add(happening.base);
      turns.take(happening, of);
    }
    record.take(happenings);
  };
  try {
    for (const [i, segment] of (await selfContained(reader, timeline)).entries()) {
      record.begin(segment, i + 1);
      end = await readPages(reader, segment.timeline, (happenings) => take(happenings, segment.timeline));
    }
  } catch (error) {
    if (isGone(error) || isRefused(error)) return undefined;
    throw error;
  }
  const story = record.story();
  const reach = wanted.timeline === timeline ? end : (story.reaches.get(wanted.timeline) ?? 0);
  if (reach < wanted.event) return undefined;
  // What a native reset copied stands in the copy under the same numbers.
  const isCopied = wanted.timeline !== timeline && bases.has(wanted.timeline);
  const at = isCopied ? { timeline, event: wanted.event } : wanted;
  return { story, turns, at, time: time || story.created_at, owner, edited };
}

/** A history begins with all that led to it, unless its workflow went on anew by its own hand. */
async function selfContained(reader: LineReader, timeline: string): Promise<Segment[]> {
  const line = await lineOf(reader, { timeline, length: 0, open: false, first: false });
  const first = line.findLastIndex(({ opening }) => opening !== 'continues' && opening !== 'rewound');
  const rest = line.slice(first + 1);
  const begin = (one: string): Segment => ({ timeline: one, opening: 'begins' });
  if (!rest.some(({ opening }) => opening === 'continues')) return [begin(timeline)];
  return [begin(line[first]?.timeline ?? timeline), ...rest];
}

/** How many events it has. */
async function readPages(
  reader: LineReader,
  timeline: string,
  take: (happenings: Happening[]) => void,
): Promise<number> {
  const decoder = createDecoder({ open: reader.open, skipsJournal: false });
  let end = 0;
  for await (const { events } of pagesOf(reader, timeline)) {
    take(await decoder.decode(events));
    end = Number(events.at(-1)?.eventId ?? end);
  }
  return end;
}
