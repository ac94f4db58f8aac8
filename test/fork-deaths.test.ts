// A worker that dies while forks load: they load again, and nothing that they were served is bought once more.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Opening } from '../activities/journal/batch.ts';
import { taskQueue } from '../workflows/runtime/messages.ts';
import { openProcesses, type Processes } from './processes.ts';
import type { Program } from './program.ts';
import { sampleOf } from './sample.ts';

// 20 deaths in full, each noticed within 12 s, and as many starts of a worker.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

let processes: Processes;
let worker: Program;
beforeAll(async () => {
  processes = await openProcesses();
  await processes.run('temporal');
  worker = await processes.run('worker');
});
afterAll(() => processes.close());

const parts = [1, 2, 3, 4, 5, 6];

test('kill -9 of the worker at moments of a fork of three of six steps: it completes, and none of the three is called again', async () => {
  const topic = 'dying fork';
  const source = await processes.start('six', { topic }, 'dying-source');
  await source.result();
  const { events = [] } = await source.fetchHistory();
  const done = (events ?? []).filter((event) => event.activityTaskCompletedEventAttributes);
  const { runId: timeline } = await source.describe();
  const checkpoint = { timeline, event: Number(done[2]?.eventId) };
  const fork: Opening = { kind: 'fork', source: { run: source.workflowId, timeline }, checkpoint };
  const moments = sampleOf(
    Array.from({ length: 20 }, (_, i) => i * 12),
    3,
  );
  for (const moment of moments) {
    const run = await processes.client.workflow.start('six', {
      taskQueue,
      workflowId: `dying-${moment}`,
      args: [{ topic: `${topic} ${moment}` }],
      memo: { fork },
    });
    await sleep(moment);
    worker.signal('SIGKILL');
    await worker.ended;
    worker = await processes.run('worker');
    await expect(run.result()).resolves.toHaveLength(6);
    const calls = parts.map((part) => processes.openai.matching(`${topic} ${moment} part ${part}`).length);
    expect(calls.slice(0, 3), `killed after ${moment} ms`).toEqual([0, 0, 0]);
    // What was in flight may be asked for twice.
    for (const count of calls.slice(3)) expect([1, 2]).toContain(count);
  }
});
