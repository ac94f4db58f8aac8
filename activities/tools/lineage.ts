// Where else the past of a run went on: timelines of other runs, and its own abandoned ones, behind the point at which they parted.
import { LRUCache } from 'lru-cache';
import type { Checkpoint, Opening, Place } from '../journal/batch.ts';
import { type HistoryReader } from '../journal/reader.ts';
import { openingIn } from '../journal/served.ts';

export interface Histories {
  read: HistoryReader;
  /** The Temporal Run Id of a run's newest timeline; undefined when the run is gone. */
  newest: (run: string) => Promise<string | undefined>;
}

/** What a timeline did behind `after` is none of our past. */
export interface Branch extends Place {
  after: number;
}

export interface Lineage {
  /** This timeline, and those that it has continued. */
  own: ReadonlySet<string>;
  branches: Branch[];
  /** Runs of which nothing can be known any more. */
  gone: string[];
}

interface Began {
  opening?: Opening;
  /** The timeline that was left for this one. */
  before?: string;
  parent?: Place;
}

const mostKept = 1000;
/** Of one run. */
const mostTimelines = 200;

export function createLineage({ read, newest }: Histories): (self: Place) => Promise<Lineage> {
  const kept = new LRUCache<string, Began>({ max: mostKept });
  /** How a timeline began never changes. */
  const beganOf = async (place: Place): Promise<Began | undefined> => {
    const known = kept.get(place.timeline);
    if (known) return known;
    const began = await firstOf(place, read);
    if (began) kept.set(place.timeline, began);
    return began;
  };

  return async (self) => {
    const own = new Set<string>();
    const found = new Map<string, Branch>();
    const gone = new Set<string>();
    /** The newest timeline of each run that is not to be asked for. */
    const heads = new Map<string, string>();
    let parted = false;

    const add = (place: Place, after: number) => {
      const before = found.get(place.timeline)?.after ?? Infinity;
      if (!own.has(place.timeline)) found.set(place.timeline, { ...place, after: Math.min(before, after) });
    };

    /** All that came after the checkpoint in it and in what it had gone through until then. */
    const follow = async (place: Place, checkpoint: Checkpoint | undefined): Promise<void> => {
      const began = await beganOf(place);
      if (!began) return void gone.add(place.run);
      const isEarlier = checkpoint !== undefined && checkpoint.timeline !== place.timeline;
      add(place, isEarlier ? 0 : (checkpoint?.event ?? Infinity));
      const { opening } = began;
      if (opening) await follow(opening.source, isEarlier ? checkpoint : opening.checkpoint);
      if (opening && opening.kind !== 'continue') parted = true;
    };

    const begin = async (place: Place): Promise<void> => {
      own.add(place.timeline);
      if (!heads.has(place.run)) heads.set(place.run, place.timeline);
      const began = await beganOf(place);
      const { opening, parent } = began ?? {};
      if (opening?.kind === 'continue') await begin(opening.source);
      else if (opening) {
        parted = true;
        await follow(opening.source, opening.checkpoint);
      }
      // What the run that has started this one has parted from, its other children did.
      if (parent) await begin(parent);
    };

    /** The timelines of a run that are not among those found came later, or were left by a restore. */
    const complete = async (run: string): Promise<void> => {
      let timeline = heads.get(run) ?? (await newest(run));
      if (timeline === undefined) return void gone.add(run);
      for (let n = 0; timeline !== undefined && n < mostTimelines; n++) {
        if (!found.has(timeline)) add({ run, timeline }, 0);
        timeline = (await beganOf({ run, timeline }))?.before;
      }
    };

    await begin(self);
    if (!parted) return { own, branches: [], gone: [] };
    for (const run of new Set([...heads.keys(), ...[...found.values()].map(({ run }) => run)])) await complete(run);
    const branches = [...found.values()].filter(({ after }) => after !== Infinity);
    return { own, branches, gone: [...gone] };
  };
}

/** Undefined when there is no such timeline any more. */
async function firstOf(place: Place, read: HistoryReader): Promise<Began | undefined> {
  for await (const [first] of read(place, 1)) {
    const started = first?.workflowExecutionStartedEventAttributes;
    if (!started) return undefined;
    const { continuedExecutionRunId: continued, originalExecutionRunId: original, parentWorkflowExecution } = started;
    const memo = started.memo?.fields?.['fork']?.data;
    const opening = memo ? openingIn(memo) : undefined;
    const isMeant = opening !== undefined && (!continued || opening.from === continued);
    const { workflowId: run, runId: timeline } = parentWorkflowExecution ?? {};
    return {
      ...(isMeant && { opening }),
      before: opening?.from ?? (continued || (original === place.timeline ? undefined : (original ?? undefined))),
      ...(run && timeline && { parent: { run, timeline } }),
    };
  }
  return undefined;
}
