// The hub of one process: text in flight, told to whoever listens, kept no longer than needed.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { AttemptKey, HubEvent } from '../activities/hub.ts';
import { createMemoryHub } from '../activities/memory-hub.ts';

const key: AttemptKey = { run: 'r', timeline: 't', step: '1', round: 0, attempt: 1 };
const second: AttemptKey = { ...key, attempt: 2 };
const opened = (of: AttemptKey, text = ''): HubEvent => ({ kind: 'opened', offset: text.length, text, ...of });
const delta = (of: AttemptKey, offset: number, text: string): HubEvent => ({ kind: 'delta', offset, text, ...of });
const closed = (of: AttemptKey): HubEvent => ({ kind: 'closed', ...of });

test('listeners of a run hear its events in order, and none of other runs', () => {
  const hub = createMemoryHub();
  const heard: HubEvent[] = [];
  const leave = hub.subscribe('r', (event) => heard.push(event));
  const events = [opened(key), delta(key, 0, 'a'), delta(key, 1, 'b'), closed(key)];
  hub.publish(opened({ ...key, run: 'other' }));
  for (const event of events) hub.publish(event);
  expect(heard).toEqual(events);
  leave();
  hub.publish(opened(second));
  expect(heard).toHaveLength(4);
});

test('the text so far is there for who comes later, closed or not, until its step is forgotten', () => {
  const hub = createMemoryHub();
  for (const event of [opened(key, 'once '), delta(key, 5, 'upon'), closed(key)]) hub.publish(event);
  expect(hub.inFlight('r')).toEqual([{ ...key, base: 5, text: 'once upon' }]);
  hub.forget('r', '1');
  expect(hub.inFlight('r')).toEqual([]);
});

test('an attempt that a newer one replaced is neither kept nor told', () => {
  const hub = createMemoryHub();
  const heard: HubEvent[] = [];
  hub.publish(opened(key));
  hub.publish(opened(second));
  hub.subscribe('r', (event) => heard.push(event));
  for (const event of [delta(key, 0, 'old'), opened(key), closed(key)]) hub.publish(event);
  hub.publish(delta(second, 0, 'new'));
  expect(heard).toEqual([delta(second, 0, 'new')]);
  expect(hub.inFlight('r')).toMatchObject([{ attempt: 2, text: 'new' }]);
});

test('a round taken again replaces the one before, however many attempts that had', () => {
  const hub = createMemoryHub();
  hub.publish(opened({ ...key, attempt: 4 }));
  hub.publish(opened({ ...key, round: 1, attempt: 1 }));
  expect(hub.inFlight('r')).toMatchObject([{ round: 1, attempt: 1 }]);
});

test('text of a step that nobody forgot goes some time after its end', async () => {
  const hub = createMemoryHub({ keptMs: 30, mostChars: 1000 });
  hub.publish(opened(key));
  hub.publish(closed(key));
  hub.publish(opened({ ...key, step: '2' }));
  await sleep(60);
  expect(hub.inFlight('r')).toMatchObject([{ step: '2' }]);
});

test('beyond its room the oldest text goes, and what is said of it later is dropped', () => {
  const hub = createMemoryHub({ keptMs: 1000, mostChars: 10 });
  const young = { ...key, run: 'young' };
  hub.publish(opened(key));
  hub.publish(delta(key, 0, '123456'));
  hub.publish(opened(young));
  hub.publish(delta(young, 0, 'abcdef'));
  hub.publish(delta(key, 6, '78'));
  expect(hub.inFlight('r')).toEqual([]);
  expect(hub.inFlight('young')).toMatchObject([{ text: 'abcdef' }]);
});

test('a hint reaches the attempts of its run only, and those that still listen', () => {
  const hub = createMemoryHub();
  const heard: string[] = [];
  const leave = hub.onAbortHint('r', () => heard.push('r'));
  hub.onAbortHint('s', () => heard.push('s'));
  hub.hintAbort('r');
  leave();
  hub.hintAbort('r');
  expect(heard).toEqual(['r']);
});

test('a listener may leave, and another come, while they are told', () => {
  const hub = createMemoryHub();
  const heard: number[] = [];
  const leave = hub.subscribe('r', () => {
    heard.push(1);
    leave();
    hub.subscribe('r', () => heard.push(2));
  });
  hub.publish(opened(key));
  hub.publish(delta(key, 0, 'a'));
  expect(heard).toEqual([1, 2]);
});
