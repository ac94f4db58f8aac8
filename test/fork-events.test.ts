// A run can be forked at every event of its history: nothing recorded runs again, and the fork goes on as its source would.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Edit, Opening } from '../activities/journal/batch.ts';
import type { HistoryEvent } from '../activities/journal/history.ts';
import { completedBy, fork, historyOf, idOf, type Source } from './forks.ts';
import { sampleOf, seed } from './sample.ts';
import { ask, say, trace } from './workflows/sink.ts';
import { createWorking } from './working.ts';
import { openWorld, type World } from './world.ts';

const working = createWorking();
let world: World;
let source: Source;
let events: HistoryEvent[];
let lines: string[];

beforeAll(async () => {
  world = await openWorld({ activities: working.activities });
  const run = await world.start('sink', 'T');
  await until(async () => (await traceOf(run)).some((line) => line.startsWith('patched')));
  for (const send of [
    () => run.executeUpdate(ask, { args: ['q1'] }),
    () => run.executeUpdate(ask, { args: ['nothing'] }).catch(() => {}),
    () => run.signal(say, 'one'),
    () => sleep(200),
    () => run.signal(say, 'two'),
    () => run.executeUpdate(ask, { args: ['q2'] }),
    () => run.signal(say, 'end'),
  ])
    await send();
  lines = await run.result();
  const { runId } = await run.describe();
  source = { run: run.workflowId, timeline: runId };
  events = await historyOf(world, run.workflowId, runId);
});
afterAll(() => world.close());

const traceOf = async (run: WorkflowHandle): Promise<string[]> => run.query(trace).catch(() => []);

async function until(holds: () => Promise<boolean>, ms = 20_000): Promise<void> {
  for (const end = Date.now() + ms; !(await holds()); await sleep(25))
    if (Date.now() > end) throw new Error('too late');
}

/** The messages that the source got after the event are sent to the fork, too, else it waits for ever. */
async function resend(run: WorkflowHandle, after: number): Promise<void> {
  for (const event of events.filter((each) => idOf(each) > after)) {
    const first = (payloads?: { data?: Uint8Array | null }[] | null) =>
      String(JSON.parse(new TextDecoder().decode(payloads?.[0]?.data ?? undefined)));
    const signal = event.workflowExecutionSignaledEventAttributes;
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (signal) await run.signal(say, first(signal.input?.payloads));
    if (update) await run.executeUpdate(ask, { args: [first(update.args?.payloads)] }).catch(() => {});
  }
}

interface Way {
  kind: Opening['kind'];
  edit?: true;
}

/** The step that was completed last, with another result. */
function editBefore(event: number): Edit[] | undefined {
  const done = events.findLast((each) => idOf(each) <= event && each.activityTaskCompletedEventAttributes);
  return done && [{ timeline: source.timeline, event: idOf(done), result: 'edited!' }];
}

/** What is wrong with a fork at this event; undefined when nothing is. */
async function forkAt(on: World, event: number, { kind, edit }: Way): Promise<string | undefined> {
  const edits = edit && editBefore(event);
  const run = await fork(on, { type: 'sink', args: ['T'], source, event, kind, edits });
  try {
    await until(async () => (await traceOf(run)).length > 0);
    void resend(run, event).catch(() => {});
    const late = sleep(60_000).then(() => Promise.reject(new Error('hangs')));
    const result: string[] = await Promise.race([run.result(), late]);
    const done = completedBy(events, event);
    const again = working.by(run.workflowId).filter((name) => done.includes(name));
    if (again.length > 0) return `${event}: ran again ${again.join()}`;
    const least = edit ? 0 : linesBy(event);
    const other = lines.findIndex((line, i) => result[i] !== line);
    return other >= 0 && other < least ? `${event}: ${result[other]} for ${lines[other]}` : undefined;
  } catch (error) {
    await run.terminate().catch(() => {});
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return `${event}: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

/** How many lines had been told, at least, when the event happened: up to the last that a step of an earlier task gave. */
function linesBy(event: number): number {
  const task = events.findLast((each) => idOf(each) <= event && each.workflowTaskCompletedEventAttributes);
  const done = task ? completedBy(events, idOf(task)) : [];
  return lines.findLastIndex((line) => done.some((name) => line.includes(`${name}!`) && !line.includes(','))) + 1;
}

/** What is wrong, at all events that were tried. */
async function faultsOf(on: World, size: number, way: Way): Promise<string[]> {
  const at = sampleOf(events.map(idOf), size);
  console.log(`${at.length} of ${events.length} events, seed ${seed}`);
  const faults: (string | undefined)[] = [];
  for (let i = 0; i < at.length; i += 8)
    faults.push(...(await Promise.all(at.slice(i, i + 8).map((event) => forkAt(on, event, way)))));
  return faults.filter((fault) => fault !== undefined);
}

test.each<[string, number, Way]>([
  ['forked', 24, { kind: 'fork' }],
  ['restored', 6, { kind: 'restore' }],
  ['forked with an edit', 8, { kind: 'fork', edit: true }],
  ['restored with an edit', 6, { kind: 'restore', edit: true }],
])(
  'a run with a bit of everything is %s at every event',
  async (_, size, way) => expect(await faultsOf(world, size, way)).toEqual([]),
  900_000,
);

describe('on a worker that remembers no run, so that each task replays it from the start', () => {
  test('every fork goes on just the same', async () => {
    await world.dismiss();
    const forgetful = await openWorld({ activities: working.activities, cached: 0, taskQueue: world.taskQueue });
    try {
      expect(await faultsOf(forgetful, 6, { kind: 'fork' })).toEqual([]);
    } finally {
      await forgetful.close();
      await world.hire();
    }
  }, 900_000);
});
