// Reads a run's line of timelines into a record, as far as it goes or for as long as it grows.
import { createDecoder, type Decoder } from './decode/decode.ts';
import type { Happening } from './happening.ts';
import { isGone, type Latest, type Page, type Token } from './history.ts';
import { isRestored, lineOf, lineWith, type LineReader, type Segment } from './line.ts';
import type { RunRecord } from './record.ts';

export interface Reading extends LineReader {
  record: RunRecord;
  /** The page at `token`. One that waits for news always has a next one, until the timeline's end was read. */
  fetch: (timeline: string, token: Token | undefined) => Promise<Page>;
  /** Calls Temporal for anything but pages: the place to hold out while it is away. */
  persist: <T>(call: () => Promise<T>) => Promise<T>;
  take: (happenings: Happening[]) => void;
  /** Told after each page: how far it went, and whether that is all there was at first. */
  progress: (far: { timeline: string; event: number; caughtUp: boolean }) => void;
}

/** Reads all that the run has now, and waits for nothing. */
export function readWhole(reading: LineReader & Pick<Reading, 'record' | 'take'>): Promise<void> {
  const { history, run } = reading;
  return readLine({
    ...reading,
    fetch: (timeline, token) => history.page(run, timeline, token),
    persist: (call) => call(),
    progress: () => {},
  });
}

type Ended = Extract<Happening, { kind: 'ended' }>;

/** Resolves at the run's end; of an open run, when `fetch` says that there is no more. */
export async function readLine(reading: Reading): Promise<void> {
  const { history, run, record, persist, take, progress } = reading;
  const latest = await persist(() => history.latest(run));
  let line = await persist(() => lineOf(reading, latest));
  const read = new Set<string>();
  for (;;) {
    const at = line.findIndex(({ timeline }) => !read.has(timeline));
    const segment = line[at];
    if (!segment) return;
    read.add(segment.timeline);
    const mode = record.begin(segment, at + 1);
    // What a timeline that goes on was served has been read just before.
    const decoder = createDecoder({ open: reading.open, skipsJournal: mode === 'goes_on' });
    const ended = await readTimeline(reading, { timeline: segment.timeline, decoder }, latest);
    if (!ended) return;
    // A timeline's end is taken only once it is known whether another one follows: then it is not the run's end.
    const mayGoOn = latest.open || segment.timeline !== latest.timeline;
    if (mayGoOn && at === line.length - 1) line = await persist(() => lineAfter(reading, line, ended));
    take([ended]);
    const caughtUp = segment.timeline === latest.timeline;
    if (line.some(({ timeline }) => !read.has(timeline)))
      progress({ timeline: segment.timeline, event: ended.id, caughtUp });
  }
}

/** A native reset ends one timeline and opens another in one go: what follows is there when the end is. */
async function lineAfter(reading: Reading, line: Segment[], ended: Ended): Promise<Segment[]> {
  try {
    if (ended.next) return await lineWith(reading, line, ended.next);
    const latest = await reading.history.latest(reading.run);
    if (line.some(({ timeline }) => timeline === latest.timeline)) return line;
    const other = await lineOf(reading, latest);
    // An execution that someone started under the same id has nothing to do with the run being read.
    const related = other.some((segment) => line.some(({ timeline }) => timeline === segment.timeline));
    if (related) return other;
    const restored = await isRestored(reading, latest.timeline);
    return restored ? [...line, { timeline: latest.timeline, opening: 'restored' }] : line;
  } catch (error) {
    if (isGone(error)) return line;
    throw error;
  }
}

interface Reader {
  timeline: string;
  decoder: Decoder;
}

async function readTimeline(
  reading: Reading,
  { timeline, decoder }: Reader,
  latest: Latest,
): Promise<Ended | undefined> {
  let token: Token | undefined;
  let seen = 0;
  let event = 0;
  do {
    const page = await reading.fetch(timeline, token);
    token = page.next;
    const news = (await decoder.decode(page.events)).filter(({ id }) => id > seen);
    seen = news.at(-1)?.id ?? seen;
    const ended = news.find((happening) => happening.kind === 'ended');
    reading.take(news.filter((happening) => happening !== ended));
    if (ended) return ended;
    // An empty page, when nothing came for a while, is no step back.
    event = Number(page.events.at(-1)?.eventId ?? event);
    reading.progress({ timeline, event, caughtUp: timeline === latest.timeline && event >= latest.length });
  } while (token);
  return undefined;
}
