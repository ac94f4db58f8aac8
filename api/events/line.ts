// A run's line: the timelines that led to its newest one, oldest first.
import { createDecoder } from './decode/decode.ts';
import type { OpeningSeen } from './decode/opening.ts';
import type { Happening } from './happening.ts';
import { isGone, type History, type Latest, type Page, type Token } from './history.ts';
import type { Open } from './payload.ts';
import type { Mode } from './timelines.ts';

/**
 * `rewound`: begins with a copy of its base's history, and counts from its reset point on. `begins_expired`: followed one
 * that is no longer kept.
 */
export type Segment = { timeline: string; opening: Mode } | { timeline: string; opening: 'rewound'; base: string };

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

/** The line with the timeline that goes on from its end. */
export async function lineWith(reader: LineReader, line: Segment[], timeline: string): Promise<Segment[]> {
  const { segment } = await originOf(reader, timeline, (known) => line.some((one) => one.timeline === known));
  return [...line, segment];
}

/** It goes on from a point of this run, whatever its own history tells of the timeline before. */
export async function isRestored(reader: LineReader, timeline: string): Promise<boolean> {
  const { opening } = await beginning(reader, timeline);
  return opening?.kind === 'restore';
}

interface Origin {
  segment: Segment;
  previous: string | undefined;
}

async function originOf(reader: LineReader, timeline: string, isKnown = (_timeline: string) => false): Promise<Origin> {
  const { continued, opening, base } = await beginning(reader, timeline);
  const isThere = async (one: string) => isKnown(one) || (await isKept(reader, one));
  if (base !== undefined && (await isThere(base)))
    return { segment: { timeline, opening: 'rewound', base }, previous: base };
  const previous = continued ?? (opening?.kind === 'restore' ? leftBy(opening, reader.run) : undefined);
  if (previous === undefined) return { segment: { timeline, opening: 'begins' }, previous };
  if (!(await isThere(previous))) return { segment: { timeline, opening: 'begins_expired' }, previous: undefined };
  return { segment: { timeline, opening: modes[opening?.kind ?? 'fork'] }, previous };
}

/** `fork`: it continues another one with a memo that is not meant for it. */
const modes: Record<OpeningSeen['kind'], Mode> = {
  fork: 'continues',
  check: 'continues',
  continue: 'goes_on',
  restore: 'restored',
};

/** The timeline that was left for this one: of a run that had ended, nothing else refers to it. */
function leftBy({ from, source }: OpeningSeen, run: string): string | undefined {
  return from ?? (source.run === run ? source.timeline : undefined);
}

interface Beginning {
  continued: string | undefined;
  opening: OpeningSeen | undefined;
  /** The timeline that a native reset copied. */
  base: string | undefined;
}

async function beginning(reader: LineReader, timeline: string): Promise<Beginning> {
  const found: Beginning = { continued: undefined, opening: undefined, base: undefined };
  for await (const happening of happenings(reader, timeline)) {
    if (happening.kind === 'started') {
      const { continued, opening, original } = happening;
      Object.assign(found, { continued, opening });
      // Only a reset writes a history under another Run Id than its own: no need to look for one otherwise.
      if (original === timeline) break;
    }
    if (happening.kind === 'rewound' && happening.timeline === timeline) return { ...found, base: happening.base };
  }
  return found;
}

async function* happenings(reader: LineReader, timeline: string): AsyncGenerator<Happening> {
  const decoder = createDecoder({ open: reader.open, skipsJournal: true });
  for await (const { events } of pagesOf(reader, timeline)) yield* await decoder.decode(events);
}

/** The pages that a timeline has now. */
export async function* pagesOf({ history, run }: LineReader, timeline: string): AsyncGenerator<Page> {
  let token: Token | undefined;
  do {
    const page = await history.page(run, timeline, token);
    yield page;
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
