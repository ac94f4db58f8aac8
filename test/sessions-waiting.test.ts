// A session's activities: while they wait for a run they say that they are there, and who is no longer waited for stops waiting.
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blobs, createDataConverter } from '../temporal/converter.ts';
import { createTurns } from '../worker/turns.ts';
import { inState } from './scenarios.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => void (world = await openWorld()));
afterAll(() => world.close());

test("waiting for a run's end says each second that it is there, and ends with who wanted to know it", async () => {
  const run = await world.start('asks', { topic: 'for ever' });
  await inState(run, 'waiting');
  const { client, taskQueue, data } = world;
  const dataConverter = createDataConverter(blobs(data));
  const turns = createTurns({ client, taskQueue, dataConverter, blobs: blobs(data) });
  const environment = new MockActivityEnvironment();
  const beaten = Promise.withResolvers<void>();
  environment.on('heartbeat', () => beaten.resolve());
  const waiting = environment
    .run(() => turns.keepTurn({ run_id: run.workflowId }))
    .then(
      () => 'kept',
      () => 'left',
    );
  await beaten.promise;
  environment.cancel();
  expect(await waiting).toBe('left');
  await run.cancel();
}, 30_000);
