// How the tests run: on one real Temporal server a run; WAYMARK_LONG=1 adds the long ones (test/*.long.test.ts).
import { configDefaults, defineConfig } from 'vitest/config';

const long = process.env.WAYMARK_LONG ? [] : ['test/**/*.long.test.ts'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...long],
    globalSetup: ['test/temporal.ts', 'test/bundle.ts'],
    reporters: ['default', './test/tally.ts'],
    pool: 'forks',
    // As the programs are started: package.json.
    execArgv: ['--import', './worker/threads/main.ts'],
    // More than the two processors of a small machine: most tests wait.
    maxWorkers: 3,
    testTimeout: 60_000,
    // A second, the default, is not enough on a machine that is busy with other tests.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
  },
});
