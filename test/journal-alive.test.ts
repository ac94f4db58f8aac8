// A worker that dies while it reads a journal is noticed by the heartbeats that stop.
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import type { Opening } from '../activities/journal/batch.ts';
import { alive } from '../activities/alive.ts';

const opening: Opening = { kind: 'continue', source: { run: 'run', timeline: 'timeline' } };

test('a journal that takes long says each second that it is being read, and no more once it is there', async () => {
  const environment = new MockActivityEnvironment();
  let beats = 0;
  environment.on('heartbeat', () => void beats++);
  const slow = alive(() => sleep(2500, { batches: [] }));
  expect(await environment.run(slow, opening, 0)).toEqual({ batches: [] });
  expect(beats).toBeGreaterThanOrEqual(2);
  const then = beats;
  await sleep(1500);
  expect(beats).toBe(then);
});
