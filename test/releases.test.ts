// Code changes while runs are open: behind a patch, in a way that does not fit, and back. No run fails of it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { ServerProcess } from '../temporal/server.ts';
import { bundle } from '../worker/bundle.ts';
import { answerSignal, pause, resume, state } from '../workflows/runtime/messages.ts';
import { fork, historyOf } from './forks.ts';
import { inState } from './scenarios.ts';
import { startShortServer } from './short-server.ts';
import { createWorking } from './working.ts';
import { openWorld, type World } from './world.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const working = createWorking();
let server: ServerProcess;
let world: World;
let folder: string;

beforeAll(async () => {
  server = await startShortServer(60);
  world = await openWorld({ activities: working.activities, address: server.address });
  folder = await mkdtemp(join(tmpdir(), 'waymark-releases-'));
}, 120_000);
afterAll(async () => {
  await world.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function build(name: string): Promise<string> {
  const path = join(folder, `${name}.js`);
  const { code } = await bundle(at('./workflows/index.ts'), [at(`./releases/${name}.ts`)]);
  await writeFile(path, code);
  return path;
}

const start = (type: string, ...args: unknown[]) =>
  world.client.workflow.start(type, { taskQueue: world.taskQueue, workflowId: `${type}-${crypto.randomUUID()}`, args });
/** `npm test` has 8 runs, the long tests 20. */
const each = process.env['WAYMARK_LONG'] ? 5 : 2;
const some = <T>(make: () => Promise<T>) => Promise.all(Array.from({ length: each }, make));
const steps = 30;

async function paused(ms: number, least: number): Promise<WorkflowHandle> {
  const run = await start('chain', steps, ms);
  await expect.poll(() => working.by(run.workflowId).length, { timeout: 20_000 }).toBeGreaterThan(least);
  await run.signal(pause, 'drain');
  await inState(run, 'paused');
  return run;
}

async function forked(): Promise<WorkflowHandle> {
  const from = await paused(5, 4);
  const { runId } = await from.describe();
  const event = (await historyOf(world, from.workflowId, runId)).length;
  const source = { run: from.workflowId, timeline: runId };
  const run = await fork(world, { type: 'chain', args: [steps, 20], source, event });
  await expect.poll(() => working.by(run.workflowId).length, { timeout: 20_000 }).toBeGreaterThan(1);
  await run.signal(pause, 'drain');
  await inState(run, 'paused');
  await from.terminate();
  return run;
}

async function waiting(): Promise<WorkflowHandle> {
  const run = await world.start('asks', { topic: 'release' });
  await inState(run, 'waiting');
  await run.signal(answerSignal, { waiting_id: 'tone-1', value: 'mild' });
  await expect
    .poll(async () => (await run.query(state)).waiting_for[0]?.waiting_id, { timeout: 20_000 })
    .toBe('verdict-2');
  return run;
}

/** Whether its workflow task fails and is tried again. */
async function isStuck(run: WorkflowHandle): Promise<boolean> {
  const { raw, status } = await run.describe();
  return status.name === 'RUNNING' && (raw.pendingWorkflowTask?.attempt ?? 0) > 1;
}

test('open runs (waiting, paused, forked, rolled over) outlive a patched release, one that does not fit, and its way back', async () => {
  const [one, two] = await Promise.all([build('patched'), build('incompatible')]);
  const people = await some(waiting);
  const held = await some(() => paused(5, 3));
  const forks = await some(forked);
  const rolled = await some(() => paused(1, 24));
  for (const run of rolled)
    expect((await run.describe()).raw.workflowExecutionInfo?.firstRunId).not.toBe((await run.describe()).runId);
  const all = [...people, ...held, ...forks, ...rolled];

  await world.release(one);
  for (const run of [...held, ...forks, ...rolled]) {
    const before = working.by(run.workflowId).length;
    await run.signal(resume);
    await expect.poll(() => working.by(run.workflowId).length, { timeout: 20_000 }).toBeGreaterThan(before);
    await run.signal(pause, 'drain');
  }
  for (const run of people) await run.signal('nudge');

  await world.release(two);
  for (const run of people) await run.signal('nudge');
  for (const run of [...held, ...forks, ...rolled]) await run.signal(resume);
  for (const run of all) await expect.poll(() => isStuck(run), { timeout: 30_000 }).toBe(true);

  await world.release(one);
  for (const run of people) await run.signal(answerSignal, { waiting_id: 'verdict-2', value: true });
  for (const run of all) await expect(run.result()).resolves.toBeDefined();
  for (const run of [...held, ...rolled])
    expect(new Set(working.by(run.workflowId)).size).toBe(working.by(run.workflowId).length);
  for (const run of [...held, ...rolled]) expect(working.by(run.workflowId)).toHaveLength(steps);
}, 300_000);

test('the tests run the bundle of today', () => expect(inject('workflowBundle')).toMatch(/workflows\.js$/));
