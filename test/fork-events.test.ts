// A run can be forked at every event of its history: nothing recorded runs again, and the fork goes on as its source would.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HistoryEvent } from '../activities/journal/history.ts';
import { completedBy, createWork, fork, historyOf, idOf } from './forks.ts';
import { sampleOf, seed } from './sample.ts';
import { ask, say, trace } from './workflows/sink.ts';
import { openWorld, type World } from './world.ts';

const work = createWork();
const activities = {
  async work(name: string, ms = 0): Promise<string> {
    work.told(Context.current().info.workflowExecution?.workflowId ?? '', name);
    if (ms > 0) await Context.current().sleep(ms);
    return `${name}!`;
  },
  async fail(name: string): Promise<string> {
    work.told(Context.current().info.workflowExecution?.workflowId ?? '', name);
    throw ApplicationFailure.create({ message: `no ${name}`, type: 'No' });
  },
};

let world: World;
let source: { run: string; timeline: string };
let events: HistoryEvent[];
let lines: string[];

beforeAll(async () => {
  world = await openWorld({ activities });
  const run = await world.start('sink', 'T');
  await until(async () => (await traceOf(run)).some((line) => line.startsWith('patched')));
  for (const send of [
    () => run.executeUpdate(ask, { args: ['q1'] }),
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

async function forkAt(event: number): Promise<string | undefined> {
  const run = await fork(world, { type: 'sink', args: ['T'], source, event });
  const told: string[] = [];
  try {
    await until(async () => {
      const now = await traceOf(run);
      told.splice(0, told.length, ...now);
      return now.length > 0;
    });
    void resend(run, event).catch(() => {});
    const result: string[] = await Promise.race([
      run.result(),
      sleep(25_000).then(() => Promise.reject(new Error('hangs'))),
    ]);
    const done = completedBy(events, event);
    const again = work.by(run.workflowId).filter((name) => done.includes(name));
    if (again.length > 0) return `${event}: ran again ${again.join()}`;
    const served = lines.findIndex((line, i) => result[i] !== line);
    const least = linesBy(event);
    return served >= 0 && served < least
      ? `${event}: line ${served} of ${least}: ${result[served]} for ${lines[served]}`
      : undefined;
  } catch (error) {
    const why =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
    await run.terminate().catch(() => {});
    return `${event} (${told.length} lines): ${why}`;
  }
}

/** How many lines had been told, at least, when the event happened: those about steps that had completed in earlier tasks. */
function linesBy(event: number): number {
  const task = events.findLast((each) => idOf(each) <= event && each.workflowTaskCompletedEventAttributes);
  const done = task ? completedBy(events, idOf(task)) : [];
  return lines.findLastIndex((line) => done.some((name) => line.includes(`${name}!`) && !line.includes(','))) + 1;
}

test('at every event of a run with a bit of everything', async () => {
  const at = sampleOf(events.map(idOf), 30);
  console.log(`${at.length} of ${events.length} events, seed ${seed}`);
  const faults: string[] = [];
  for (let i = 0; i < at.length; i += 8) {
    const outcomes = await Promise.all(at.slice(i, i + 8).map(forkAt));
    faults.push(...outcomes.filter((fault) => fault !== undefined));
  }
  expect(faults).toEqual([]);
}, 600_000);
