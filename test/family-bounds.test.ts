// The bonds between a run and its children where one does not answer: a parent that takes no more signals, a child that
// nobody works on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { startServer, type ServerProcess } from '../temporal/server.ts';
import { historyOf } from './forks.ts';
import { freePort } from './temporal.ts';
import { openWorld, type World } from './world.ts';

let server: ServerProcess;
let world: World;

beforeAll(async () => {
  server = await startServer({
    binary: inject('temporalBinary'),
    port: await freePort(),
    uiPort: await freePort(),
    namespace: inject('temporalNamespace'),
    override: { 'history.maximumSignalsPerExecution': 2 },
  });
  world = await openWorld({ address: server.address });
});
afterAll(async () => {
  await world.close();
  await server.stop();
});

const calls = (topic: string): number => world.openai.matching(topic).length;

async function refusals(run: WorkflowHandle): Promise<number> {
  const events = await historyOf(world, run.workflowId);
  return events.filter((event) => event.signalExternalWorkflowExecutionFailedEventAttributes).length;
}

async function childOf(run: WorkflowHandle): Promise<WorkflowHandle> {
  const started = async () => {
    const events = await historyOf(world, run.workflowId);
    const child = events.find((event) => event.childWorkflowExecutionStartedEventAttributes);
    return child?.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId;
  };
  await expect.poll(started).toBeDefined();
  return world.client.workflow.getHandle((await started())!);
}

test.concurrent(
  'a child whose parent takes no more signals keeps within what it was given, and asks again',
  async () => {
    const usage = { input_tokens: 250, output_tokens: 50 };
    world.openai.script({ match: 'unheard', times: Infinity, usage });
    const run = await world.client.workflow.start('hasSpenders', {
      taskQueue: world.taskQueue,
      workflowId: crypto.randomUUID(),
      args: [{ topic: 'unheard', children: 1, each: 12 }],
      memo: { limits: { max_tokens: 2000 } },
    });
    const handle = await childOf(run);
    await expect.poll(() => calls('unheard')).toBe(7);
    await sleep(2000);
    const asked = await refusals(handle);
    expect(asked).toBeGreaterThan(1);
    await expect.poll(() => refusals(handle), { timeout: 30_000 }).toBeGreaterThan(asked);
    await sleep(200);
    expect(calls('unheard')).toBe(7);
    await run.terminate();
  },
  60_000,
);

test.concurrent(
  'a cancelled run ends though a child does not answer: that one is asked to, and would when somebody works on it',
  async ({ expect }) => {
    const run = await world.client.workflow.start('hasIdler', {
      taskQueue: world.taskQueue,
      workflowId: crypto.randomUUID(),
      args: [{ topic: 'idle' }],
    });
    const child = await childOf(run);
    await run.cancel();
    const status = async (of: WorkflowHandle) => (await of.describe()).status.name;
    await expect.poll(() => status(run), { timeout: 40_000 }).toBe('CANCELLED');
    const { status: left, raw } = await child.describe();
    expect([left.name, raw.workflowExtendedInfo?.cancelRequested]).toEqual(['RUNNING', true]);
  },
  60_000,
);
