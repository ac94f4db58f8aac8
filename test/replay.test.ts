// Runs that began with older code go on with this one: recorded histories replay without a difference.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { scenarios } from './scenarios.ts';
import { stubSandbox } from './stub-sandbox.ts';
import { openWorld, type World } from './world.ts';

const folder = fileURLToPath(new URL('./histories/', import.meta.url));
const recorded = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];

let world: World;
beforeAll(async () => void (world = await openWorld({ sandbox: stubSandbox })));
afterAll(() => world.close());

const replay = (history: unknown) =>
  Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history);

test.each(recorded)('%s, recorded earlier, replays', async (name) => {
  await replay(JSON.parse(readFileSync(folder + name, 'utf8')));
});

/** Where and by whom it was recorded is nobody's business. */
const anonymous = (key: string, value: unknown) =>
  key === 'identity' ? 'recorded' : key === 'stackTrace' ? '' : value;

// A new scenario is recorded at its first run; an old record is never written again, for it is what open runs have.
test.each(Object.keys(scenarios))('%s replays as it has just run, and is recorded', async (name) => {
  const run = await scenarios[name]!(world);
  await run.result().catch(() => undefined);
  const history = await run.fetchHistory();
  await replay(history);
  const file = `${folder}${name}.json`;
  const missing = !existsSync(file);
  if (missing) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${JSON.stringify(JSON.parse(historyToJSON(history), anonymous), null, 1)}\n`);
  }
  expect(
    missing && process.env['CI'],
    `${name}.json is not in test/histories: run this test and commit it`,
  ).toBeFalsy();
});

test('a history that the code did not make is told apart', async () => {
  const run = await scenarios['six']!(world);
  await run.result();
  const history = await run.fetchHistory();
  const step = history.events?.find((event) => event.activityTaskScheduledEventAttributes);
  step!.activityTaskScheduledEventAttributes!.activityType!.name = 'fetchPage';
  await expect(replay(history)).rejects.toThrow(/[Nn]ondeterminism/);
});
