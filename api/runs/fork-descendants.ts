// Who may have been served a point of a run that is gone: its forks, and theirs.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { z } from 'zod';
import type { Checkpoint, Opening, Place } from '../../activities/journal/batch.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import type { Core } from '../deps.ts';
import { type Told, forkedOf } from './attributes.ts';
import { stored } from './keyword.ts';
import { rootOf } from './opening-start.ts';
import { createVisibility } from './visibility.ts';

type Began = Pick<Opening, 'source' | 'checkpoint'> & { edits?: unknown[] };

const began: z.ZodType<Began> = z.object({
  source: z.object({ run: z.string(), timeline: z.string() }),
  checkpoint: z.object({ timeline: z.string(), event: z.number() }).optional(),
  edits: z.array(z.unknown()).optional(),
});

export interface Candidate extends Place {
  /** It was forked from the run itself: then it was served nothing that the run did not have. */
  direct: boolean;
  /** It was opened with edits. */
  edited: boolean;
}

/** What a timeline began with. */
export const beganWith = ({ memo }: Pick<Told, 'memo'>): Began | undefined => began.safeParse(memo?.['fork']).data;

/** Histories are read to know for sure. */
const mostTold = 16;

/**
 * Timelines, the likeliest first: by visibility, in at most two looks. `root`: of the run's family, when it is known. None of
 * a run between that is gone with all its direct forks: nothing tells of what family it was.
 */
export async function* descendants(
  deps: Core,
  run: string,
  checkpoint: Checkpoint,
  root: string | undefined,
): AsyncGenerator<Candidate> {
  const told = new Set<string>();
  const name = stored(run).slice(0, 255);
  const id = `'${name}'`;
  // Visibility can compare an id only as it is.
  const own = stored(run) === run ? ` OR WorkflowId = ${id}` : '';
  const near = await look(deps, `ForkedFrom = ${id} OR RootRun = ${id}${own}`);
  const direct = (record: WorkflowExecutionInfo) => record.typedSearchAttributes.get(attributes.ForkedFrom) === name;
  yield* inOrder(near, checkpoint, told, direct);
  const roots = new Set([...(root === undefined ? [] : [root]), ...near.map(rootOf)]);
  roots.delete(name);
  for (const other of [...roots].slice(0, 1))
    yield* inOrder(await look(deps, `RootRun = '${other}'`), checkpoint, told, direct);
}

/** A run that was restored has a record for each timeline. */
async function look(deps: Core, condition: string): Promise<WorkflowExecutionInfo[]> {
  const query = `Kind = 'run' AND ExecutionStatus != 'ContinuedAsNew' AND (${condition})`;
  const queries = { key: query, rows: () => query, count: () => query, wants: () => true };
  const { records } = await createVisibility(deps).records(queries, {});
  return records.filter((record) => !deps.removed.has(record));
}

function* inOrder(
  records: WorkflowExecutionInfo[],
  checkpoint: Checkpoint,
  told: Set<string>,
  direct: (record: WorkflowExecutionInfo) => boolean,
): Generator<Candidate> {
  const ranked = records.map((record) => ({ record, rank: rankOf(record, checkpoint) }));
  for (const { record } of ranked.toSorted((a, b) => a.rank - b.rank || lengthOf(a.record) - lengthOf(b.record))) {
    if (told.size >= mostTold) return;
    if (told.has(record.runId)) continue;
    told.add(record.runId);
    const edited = beganWith(record)?.edits !== undefined;
    yield { run: record.workflowId, timeline: record.runId, direct: direct(record), edited };
  }
}

const lengthOf = ({ historyLength }: WorkflowExecutionInfo): number => historyLength;

/** One that was forked right there or later has it for sure; one with edits may have it with other results. */
function rankOf(record: WorkflowExecutionInfo, { timeline, event }: Checkpoint): number {
  const { checkpoint, edits } = beganWith(record) ?? {};
  const from = [checkpoint, forkedOf(record)].filter((place) => place?.timeline === timeline);
  if (edits) return 2;
  return from.some((place) => place !== undefined && place.event >= event) ? 0 : 1;
}
