// Conversations kept by content: a chain that stays quick to read however long it gets.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageDriver } from '@temporalio/common';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConversations } from '../activities/model/conversation.ts';
import type { Message } from '../activities/model/model.ts';
import { blobs } from '../temporal/converter.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-conversation-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const turn = (n: number, chars = 20): Message[] => [
  { role: 'user', content: `${n} `.padEnd(chars, 'q') },
  { role: 'assistant', content: `${n} `.padEnd(chars, 'a') },
];

async function talk(driver: StorageDriver, turns: number, chars?: number): Promise<string> {
  const conversations = createConversations(driver);
  let reference: string | undefined;
  for (let n = 0; n < turns; n += 1) reference = await conversations.append(reference, turn(n, chars));
  return reference ?? '';
}

/** A driver that counts what it is asked. */
function counted(driver: StorageDriver) {
  const count = { reads: 0 };
  const watched: StorageDriver = {
    name: driver.name,
    type: driver.type,
    store: (context, payloads) => driver.store(context, payloads),
    retrieve(context, claims) {
      count.reads += claims.length;
      return driver.retrieve(context, claims);
    },
  };
  return { driver: watched, count };
}

test.each([1, 31, 32, 33, 64, 100])('all messages of %i turns come back in order', async (turns) => {
  const reference = await talk(blobs(folder), turns);
  const messages = await createConversations(blobs(folder)).load(reference);
  expect(messages).toEqual(Array.from({ length: turns }, (_, n) => turn(n)).flat());
});

test('500 turns of 2 × 2 KB are read cold in under 300 ms and 50 reads', async () => {
  const reference = await talk(blobs(folder), 500, 2048);
  const { driver, count } = counted(blobs(folder));
  const conversations = createConversations(driver);
  const started = performance.now();
  expect(await conversations.load(reference)).toHaveLength(1000);
  const cold = performance.now() - started;
  expect(count.reads).toBeLessThanOrEqual(50);
  expect(cold).toBeLessThan(300);
  await conversations.load(reference);
  expect(count.reads).toBeLessThanOrEqual(50);
  console.log(`500 turns: ${count.reads} reads, cold ${cold.toFixed(1)} ms`);
});

test('what is stored grows with what was said, not with its square', async () => {
  await talk(blobs(folder), 200, 2048);
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files.filter((file) => file.isFile()).map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  const said = 200 * 2 * 2048;
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(said * 2.3);
});

test('two that go on from one share what came before', async () => {
  const conversations = createConversations(blobs(folder));
  const before = await conversations.append(undefined, turn(1));
  const [a, b] = [await conversations.append(before, turn(2)), await conversations.append(before, turn(3))];
  expect(await conversations.load(a)).toEqual([...turn(1), ...turn(2)]);
  expect(await conversations.load(b)).toEqual([...turn(1), ...turn(3)]);
  expect(await conversations.append(before, turn(2))).toBe(a);
});

test('what is no reference is refused for good, and a blob that is gone may come back', async () => {
  const conversations = createConversations(blobs(folder));
  await expect(conversations.load('nonsense')).rejects.toMatchObject({ type: 'InvalidReference' });
  await expect(conversations.load(JSON.stringify({ sha256: 'a'.repeat(64) }))).rejects.toMatchObject({
    type: 'PayloadMissing',
  });
});
