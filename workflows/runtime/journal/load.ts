// Loads the journal that a timeline begins with, page by page, and replays it.
import {
  CancellationScope,
  ContinueAsNew,
  proxyActivities,
  setHandler,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { Opening, Page } from '../../../activities/journal/batch.ts';
import type { journalActivity as name } from '../../../activities/journal/fold.ts';
import type { ReadJournal } from '../../../activities/journal/journal.ts';
import { nothing } from '../../../activities/spent.ts';
import { journalQueue, state, type RunStateView } from '../messages.ts';
import { currentSeed, giveCommands, hidePatches, holdConditions, keepTask } from '../sdk.ts';
import { divergence } from './divergence.ts';
import { createReplay, type Replay, type ReplayOptions } from './replay.ts';
import { patchesIn } from './told.ts';

/** What a run was served stands in its history as the results of this activity (activities/journal/fold.ts). */
export const journalActivity: typeof name = 'readJournal';

/** The newest format of journals that this code reads; it reads all older ones, too. */
const newestFormat = 1;

export type Loaded =
  /** `result`: of the workflow's function, which goes on from here. In an object, lest it be awaited. */
  | { kind: 'live'; result: Promise<unknown> }
  /** A dry run ends at the checkpoint. */
  | { kind: 'checked'; report: CheckReport };

export interface CheckReport {
  /** What was in flight at the checkpoint, and would be done again. */
  open: { kind: string; name: string }[];
}

export async function load(
  opening: Opening,
  begin: () => Promise<unknown>,
  lives: Pick<ReplayOptions, 'spliced' | 'suspended'>,
): Promise<Loaded> {
  setHandler(state, () => loadingView);
  const seed = currentSeed();
  let result: Promise<unknown> | undefined;
  let thrown: unknown;
  const start = () => {
    result = begin();
    // It may end while the journal is still served; whoever awaits it hears of it.
    result.catch((error: unknown) => void (thrown = error));
  };
  let lived = false;
  const diverge = divergence(opening.kind, () => lived);
  const replay = createReplay({ start, diverge, ...lives, seed });
  // A task that is replayed natively was completed before, with other code.
  const last = await serveAll(opening, replay, () => void (lived = workflowInfo().unsafe.isReplaying));
  if (opening.edits && isMistake(thrown)) diverge(`With the edited result the code throws ${String(thrown)}.`);
  if (opening.kind === 'check') return { kind: 'checked', report: reportOf(replay) };
  const { kind, account, handed_on } = opening;
  giveCommands(replay.splice({ kind, account, handed_on, seed, children: last.children }));
  if (!result) throw new Error('A journal has at least one batch, with which the workflow begins.');
  return { kind: 'live', result };
}

/** What natively fails the workflow task and not the run, to be tried again until the code is mended. */
const isMistake = (thrown: unknown): boolean =>
  thrown instanceof Error && !(thrown instanceof TemporalFailure) && !(thrown instanceof ContinueAsNew);

/** Serves page after page; each is fetched when the one before is done. */
async function serveAll(opening: Opening, replay: Replay, arrived: () => void): Promise<Page> {
  const patches = new Set<string>();
  const read = journalReader();
  for (let from = 0; ;) {
    // Between pages the code would see this timeline's facts, and not those of the moment at which it stands.
    const held = holdConditions();
    const page = await read(opening, from);
    held.release();
    if ((page.format ?? 0) > newestFormat)
      throw new Error(`This worker is too old for journals of format ${page.format}.`);
    arrived();
    const task = keepTask();
    const hidden = hidePatches(patches);
    try {
      for (const batch of page.batches) {
        for (const patch of patchesIn(batch.jobs)) patches.add(patch);
        await replay.serve(batch);
      }
    } finally {
      hidden.show();
      task.restore();
    }
    if (page.next === undefined) return page;
    from = page.next;
  }
}

/** The journal's own task queue: it holds no slot of a step. Faults are retried for as long as it takes, but for one. */
function journalReader(): ReadJournal {
  const { readJournal } = proxyActivities<{ readJournal: ReadJournal }>({
    taskQueue: journalQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '5 minutes',
    // It beats each second; a busy service may be late.
    heartbeatTimeout: '10s',
    retry: { initialInterval: '200ms', maximumInterval: '10s' },
    summary: 'Reads what was done before this point',
  });
  return (opening, from) => CancellationScope.nonCancellable(() => readJournal(opening, from));
}

function reportOf(replay: Replay): CheckReport {
  const open = replay.open().map(({ kind, command }) => ({ kind, name: nameIn(command) }));
  return { open };
}

type Command = ReturnType<Replay['open']>[number]['command'];

const nameIn = ({ scheduleActivity, startChildWorkflowExecution: child }: Command): string =>
  scheduleActivity?.activityType ?? child?.workflowType ?? '';

const loadingView: RunStateView = {
  state: 'running',
  waiting_for: [],
  steps_completed: 0,
  in_flight: [],
  full: false,
  usage: nothing,
  waste: nothing,
  inherited: nothing,
  children: { usage: nothing, waste: nothing },
  limits: null,
};
