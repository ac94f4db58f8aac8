// The watchdog ends a connection on which nothing comes, and no other.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createWatchdog } from '../activities/model/watchdog.ts';

const never = () => new AbortController().signal;

test('what does not come in time is missed, by name', async () => {
  const watchdog = createWatchdog(never());
  watchdog.expect('the post', 20);
  expect(watchdog.signal.aborted).toBe(false);
  await sleep(60);
  expect(watchdog).toMatchObject({ missed: 'the post', signal: { aborted: true } });
});

test('each new expectation replaces the one before', async () => {
  const watchdog = createWatchdog(never());
  for (let n = 0; n < 5; n += 1) {
    watchdog.expect('the post', 200);
    await sleep(50);
  }
  expect(watchdog.missed).toBeUndefined();
  watchdog.stop();
});

test('a process that was held up itself waits once more', async () => {
  const watchdog = createWatchdog(never());
  watchdog.expect('the post', 20);
  const end = performance.now() + 300;
  while (performance.now() < end);
  await sleep(5);
  expect(watchdog.missed).toBeUndefined();
  await sleep(60);
  expect(watchdog.missed).toBe('the post');
});

test('an attempt that is aborted aborts the connection, and nothing was missed', () => {
  const attempt = new AbortController();
  const watchdog = createWatchdog(attempt.signal);
  watchdog.expect('the post', 20);
  attempt.abort();
  expect(watchdog).toMatchObject({ missed: undefined, signal: { aborted: true } });
  watchdog.stop();
});
