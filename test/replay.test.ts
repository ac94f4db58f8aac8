// Runs that began with older code go on with this one: recorded histories replay without a difference.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordsIn, replay } from './record.ts';
import { scenarios, toolProgram } from './scenarios.ts';
import { stubSandbox } from './stub-sandbox.ts';
import { openWorld, type World } from './world.ts';

const records = recordsIn('');

let world: World;
beforeAll(async () => void (world = await openWorld({ sandbox: stubSandbox, mcp: { commands: [toolProgram] } })));
afterAll(() => world.close());

test.each(records.names)('%s, recorded earlier, replays', async (name) => {
  await replay(records.read(name));
});

test.each(Object.keys(scenarios))('%s replays as it has just run, and is recorded', async (name) => {
  const run = await scenarios[name]!(world);
  await run.result().catch(() => undefined);
  const history = await run.fetchHistory();
  await replay(history);
  records.keep(name, history);
});

test('a history that the code did not make is told apart', async () => {
  const run = await scenarios['six']!(world);
  await run.result();
  const history = await run.fetchHistory();
  const step = history.events?.find((event) => event.activityTaskScheduledEventAttributes);
  step!.activityTaskScheduledEventAttributes!.activityType!.name = 'fetchPage';
  await expect(replay(history)).rejects.toThrow(/[Nn]ondeterminism/);
});
