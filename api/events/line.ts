// A run's line: the timelines that led to its newest one, oldest first.
import { decode } from './decode/decode.ts';
import type { Happening } from './happening.ts';
import { isGone, type History, type Latest, type Token } from './history.ts';
import type { Open } from './payload.ts';

/**
 * `rewound`: begins with a copy of its base's history, and counts from its reset point on. `begins_expired`: continued one
 * that is no longer kept.
 */
export type Segment =
  | { timeline: string; opening: 'begins' | 'begins_expired' | 'continues' }
  | { timeline: string; opening: 'rewound'; base: string };

export interface LineReader {
  history: History;
  run: string;
  open: Open;
}

export async function lineOf(reader: LineReader, latest: Latest): Promise<Segment[]> {
  const newest = latest.timeline;
  if (latest.first) return [{ timeline: newest, opening: 'begins' }];
  const line: Segment[] = [];
  let timeline: string | undefined = newest;
  while (timeline) {
    const origin: Origin = await originOf(reader, timeline);
    line.unshift(origin.segment);
    timeline = origin.previous;
  }
  return line;
}

interface Origin {
  segment: Segment;
  previous: string | undefined;
}

async function originOf(reader: LineReader, timeline: string): Promise<Origin> {
  let original = timeline;
  let continued: string | undefined;
  for await (const happening of happenings(reader, timeline)) {
    if (happening.kind === 'started') {
      ({ original, continued } = happening);
      // Only a reset writes a history under another Run Id than its own: no need to look for one otherwise.
      if (original === timeline) break;
    }
    if (happening.kind === 'rewound' && happening.timeline === timeline) {
      const { base } = happening;
      if (await isKept(reader, base)) return { segment: { timeline, opening: 'rewound', base }, previous: base };
      break;
    }
  }
  if (continued === undefined) return { segment: { timeline, opening: 'begins' }, previous: undefined };
  if (!(await isKept(reader, continued)))
    return { segment: { timeline, opening: 'begins_expired' }, previous: undefined };
  return { segment: { timeline, opening: 'continues' }, previous: continued };
}

async function* happenings({ history, run, open }: LineReader, timeline: string): AsyncGenerator<Happening> {
  let token: Token | undefined;
  do {
    const page = await history.page(run, timeline, token);
    yield* await decode(page.events, open);
    token = page.next;
  } while (token);
}

async function isKept({ history, run }: LineReader, timeline: string): Promise<boolean> {
  try {
    await history.page(run, timeline);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}
