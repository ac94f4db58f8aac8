// A poem's file is named by its run, whatever the run is called.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attempts, type Attempt } from '../activities/attempt.ts';
import { createSavePoem } from '../activities/poem.ts';
import { nothing } from '../activities/spent.ts';

let data: string;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'waymark-poem-'));
});
afterAll(() => rm(data, { recursive: true, force: true }));

const attemptOf = (run: string): Attempt => ({
  key: { run, timeline: 't', step: '1', round: 0, attempt: 1 },
  signal: new AbortController().signal,
  stopped: undefined,
  resumed: undefined,
  record: { kind: 'attempt', spent: nothing, faults: 0, first_started_at: 0 },
  wasted: nothing,
  open: () => undefined,
  emit: () => undefined,
  spend: () => undefined,
  follow: () => undefined,
  attach: () => Promise.resolve(),
});

test.each([
  ['b3c1', 'b3c1.txt'],
  ['nightly/run 1', 'nightly%2Frun%201.txt'],
  ['..', '%2E%2E.txt'],
  ['../../etc/passwd', '%2E%2E%2F..%2Fetc%2Fpasswd.txt'],
])('the poem of %j is saved as poems/%s', async (run, name) => {
  const { path } = await attempts.run(attemptOf(run), () => createSavePoem(data)('Roses'));
  expect(path).toBe(`poems/${name}`);
  expect(await readFile(join(data, path), 'utf8')).toBe('Roses\n');
});

test('ids that are too long for a file name get one each', async () => {
  const ids = ['🌹'.repeat(100), `${'🌹'.repeat(99)}x`, '\ud800'];
  const paths = await Promise.all(
    ids.map((run) => attempts.run(attemptOf(run), () => createSavePoem(data)(run.toWellFormed()))),
  );
  expect(new Set(paths.map(({ path }) => path)).size).toBe(3);
  expect(await readdir(join(data, 'poems'))).not.toContainEqual(expect.stringMatching(/part$/));
});
