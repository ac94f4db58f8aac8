// What is taken from the workflow threads (worker/threads) leaves what matters: runaway code is still stopped.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openProcesses, type Processes } from './processes.ts';
import type { Program } from './program.ts';

vi.setConfig({ testTimeout: 120_000 });

let processes: Processes;
let worker: Program;
beforeAll(async () => {
  processes = await openProcesses();
  worker = await processes.run('worker');
});
afterAll(() => processes.close());

test.each(['code', 'condition'])('a workflow whose %s runs on without end is stopped', async (where) => {
  const run = await processes.start('spins', where, `spins-${where}`);
  const failed = async () => {
    const { events = [] } = await run.fetchHistory();
    return events?.map((event) => event.workflowTaskFailedEventAttributes?.failure?.message).find(Boolean);
  };
  for (let waited = 0; waited < 300 && !(await failed()); waited++) await sleep(100);
  expect(await failed()).toMatch(/Script execution timed out/);
  await run.terminate();
});

test('call stacks are not recorded, and nothing is said of it', async () => {
  const run = await processes.start('asks', { topic: 'tides' }, 'without-stacks');
  await expect(run.query('__stack_trace')).rejects.toThrow('stack traces are not enabled');
  expect(worker.output()).not.toContain('promiseHooks');
  await run.terminate();
});

test('WAYMARK_CALL_STACKS=1 keeps them', async () => {
  worker.signal('SIGTERM');
  await worker.ended;
  worker = await processes.run('worker', { WAYMARK_CALL_STACKS: '1' });
  const run = await processes.start('asks', { topic: 'tides' }, 'with-stacks');
  expect(await run.query('__stack_trace')).toMatch(/asks/);
  await run.terminate();
});
