// How the tests run: on one real Temporal server a run. A short run takes samples, the same ones for the same WAYMARK_SEED;
// WAYMARK_LONG=1 takes all, and the long ones (test/*.long.test.ts).
import { configDefaults, defineConfig } from 'vitest/config';
import { leftOut } from './test/heavy.ts';

const seed = Number(process.env.WAYMARK_SEED ?? Date.now() % 1_000_000);
process.env.WAYMARK_SEED = `${seed}`;
/** Whoever names files wants these. */
const named = process.argv.some((argument) => argument.includes('.test.ts'));
const others = ['test/**/*.long.test.ts', ...(named ? [] : leftOut(seed))];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(process.env.WAYMARK_LONG ? [] : others)],
    globalSetup: ['test/temporal.ts', 'test/bundle.ts'],
    reporters: ['default', './test/tally.ts'],
    pool: 'forks',
    // As the programs are started: package.json.
    execArgv: ['--import', './worker/threads/main.ts'],
    // More than the two processors of a small machine: most tests wait.
    maxWorkers: 3,
    testTimeout: 60_000,
    // A second, the default, is not enough on a machine that is busy with other tests.
    expect: { poll: { timeout: 20_000 } },
    // What a busy machine may have done to a test is tried once more, and the last lines name it: what ran out of time, took longer
    // than it may, or was answered 503 by an API whose Temporal, which all tests share, was late. Nothing else is run again.
    retry: {
      count: 1,
      condition:
        /timed out in \d+ms|within \d+ ms|expected [\d.]+ to be less than \d|expected 503 to be|temporal_unavailable/,
    },
    hookTimeout: 120_000,
  },
});
