// The activity that reads the journal of a run for the timeline that begins with it.
import { ApplicationFailure } from '@temporalio/common';
import { LRUCache } from 'lru-cache';
import { type Batch, type Checkpoint, format, type Opening, type OpenChild, type Page } from './batch.ts';
import { childAt, openChildren } from './children.ts';
import { cutAt } from './cut.ts';
import { edited } from './edit.ts';
import { JournalFault } from './fault.ts';
import { createFold } from './fold.ts';
import type { HistoryReader } from './reader.ts';

export interface Journal {
  batches: Batch[];
  children: OpenChild[];
}

/** A page in JSON, at most: payloads over 2 MB fail a workflow task, and each page is one. One batch is never cut. */
const pageChars = 500_000;
/** Journals are large: few are kept, for the next pages and for forks of the same checkpoint. */
const mostKept = 16;

export type ReadJournal = (opening: Opening, from: number) => Promise<Page>;

export function createReadJournal(read: HistoryReader): ReadJournal {
  const kept = new LRUCache<string, Promise<Journal>>({ max: mostKept });

  const journalOf = (opening: Opening): Promise<Journal> => {
    // A restore reads what its dry run has just read, whatever it is opened for.
    const { source, checkpoint, edits } = opening;
    const key = JSON.stringify({ source, checkpoint, edits });
    const known = kept.get(key);
    if (known) return known;
    const fresh = readJournal(opening, read);
    fresh.catch(() => kept.delete(key));
    kept.set(key, fresh);
    return fresh;
  };

  return async (opening, from) => {
    try {
      return pageOf(await journalOf(opening), from);
    } catch (error) {
      if (!(error instanceof JournalFault)) throw error;
      throw ApplicationFailure.nonRetryable(error.message, 'ForkUnavailable');
    }
  };
}

/** Cut from the start, so that all that share a beginning share its pages. */
function pageOf({ batches, children }: Journal, from: number): Page {
  let to = from;
  for (let chars = 0; to < batches.length; to++) {
    chars += JSON.stringify(batches[to]).length;
    if (to > from && chars > pageChars) break;
  }
  const page = { ...(from === 0 && { format }), batches: batches.slice(from, to) };
  return to < batches.length ? { ...page, next: to } : { ...page, ...(children.length > 0 && { children }) };
}

/** Throws JournalFault when the source is gone or cannot be replayed. */
export async function readJournal(opening: Opening, read: HistoryReader): Promise<Journal> {
  const all = await batchesOf(opening, read);
  const batches = opening.edits ? edited(all, opening.edits) : all;
  const time = batches.at(-1)?.time ?? 0;
  const begun = openChildren(batches);
  return { batches, children: await Promise.all(begun.map((child) => childAt(child, time, read))) };
}

async function batchesOf({ source, checkpoint }: Opening, read: HistoryReader): Promise<Batch[]> {
  const until = checkpoint?.timeline === source.timeline ? checkpoint.event : undefined;
  const { batches, bases } = await foldUntil(source, until, read);
  if (!checkpoint || until !== undefined) return batches;
  const base = bases.find(({ timeline, event }) => timeline === checkpoint.timeline && checkpoint.event <= event);
  if (base) return (await foldUntil(source, checkpoint.event, read)).batches;
  const cut = cutAt(batches, checkpoint);
  if (cut) return cut;
  throw new JournalFault(missing(checkpoint, source.run));
}

const missing = ({ timeline, event }: Checkpoint, run: string): string =>
  `Event ${event} of timeline ${timeline} is neither in the history of run ${run} nor in what it was served.`;

async function foldUntil(source: Opening['source'], until: number | undefined, read: HistoryReader) {
  const fold = createFold(source, until);
  let found = false;
  reading: for await (const events of read(source)) {
    for (const event of events) {
      found = true;
      if (!fold.take(event)) break reading;
    }
  }
  if (found) return { batches: fold.batches(), bases: fold.bases };
  throw new JournalFault(`The history of timeline ${source.timeline} of run ${source.run} is gone.`);
}
