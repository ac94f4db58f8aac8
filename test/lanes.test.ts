// Who waits for others: for so long, and then nothing of it is done.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLanes } from '../api/chat/lanes.ts';
import { createUpdates } from '../api/chat/turn.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('of those who wait each has its turn in order, and who waits too long is told so and does nothing, then or later', async () => {
  const lanes = createLanes(1, { ms: 1000, late: () => new Error('crowded') });
  const done: string[] = [];
  const held = Promise.withResolvers<void>();
  const doing = (what: string, until?: Promise<void>) =>
    lanes.take('a', async () => {
      await until;
      done.push(what);
    });
  const first = doing('first', held.promise);
  const second = doing('second').catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(600);
  const third = doing('third');
  await vi.advanceTimersByTimeAsync(600);
  expect(await second).toEqual(new Error('crowded'));
  held.resolve();
  await Promise.all([first, third]);
  await doing('fourth');
  await vi.advanceTimersByTimeAsync(5000);
  expect(done).toEqual(['first', 'third', 'fourth']);
});

test('a message that has no turn at its session is 503 with Retry-After, and was not sent', async () => {
  const updates = createUpdates();
  const forever = () => new Promise<void>(() => {});
  for (let i = 0; i < 8; i++) void updates.take('s', forever);
  let sent = false;
  const send = () => {
    sent = true;
    return forever();
  };
  const headers = { 'Retry-After': '5' };
  const late = updates.take('s', send).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await late).toMatchObject({ status: 503, type: 'session_crowded', headers });
  expect(sent).toBe(false);
});
