// All points of a run at which it can be forked, over all its timelines.
import type { History } from './history.ts';
import type { Open } from './payload.ts';
import { readWhole } from './reading.ts';
import { createRecord } from './record.ts';
import type { Mark } from './story.ts';
import { createTalk } from './talk.ts';
import type { ToolReader } from './toolcall.ts';
import { createTurns, type Turn } from './turns.ts';
import { placeInRun } from './where.ts';

export interface Sources {
  history: History;
  open: Open;
  readTool?: ToolReader;
}

export interface PointListed extends Mark {
  /** How many messages a reader of the point gets. */
  message_count: number;
}

/** What led to the points of one timeline, its own and those before it. */
type Lineage = { mark: Mark; turn: Turn | undefined }[];

/** Oldest first. Throws what Temporal does. */
export async function pointsOf({ history, open, readTool }: Sources, run: string): Promise<PointListed[]> {
  const record = createRecord(run, readTool);
  const turns = createTurns();
  const lineages: Lineage[] = [];
  let marks: Mark[] = [];
  const close = () => void lineages.push(marks.map((mark) => ({ mark, turn: mark.name ? undefined : turns.at(mark) })));

  await readWhole({
    history,
    run,
    open,
    record,
    take(happenings) {
      for (const happening of happenings) {
        if (happening.kind === 'started') {
          close();
          if (happening.opening) turns.goesOn();
        }
        turns.take(happening, record.timeline());
      }
      record.take(happenings);
      ({ marks } = record.story());
    },
  });
  close();

  const counts = new Map<string, number>();
  for (const lineage of lineages) await count(lineage, counts, open);
  return record.marks().map((mark) => ({ ...mark, message_count: counts.get(placeInRun(mark)) ?? 0 }));
}

async function count(lineage: Lineage, counts: Map<string, number>, open: Open): Promise<void> {
  const talk = createTalk(open);
  for (const { mark, turn } of lineage) {
    if (turn) await talk.add(turn);
    const key = placeInRun(mark);
    if (!counts.has(key)) counts.set(key, talk.messages.length);
  }
}
