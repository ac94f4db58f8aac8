// The last line of a test run: "N passed, N failed", for machines that read it.
import type { Reporter, TestModule } from 'vitest/node';

export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    // An error outside any test, and a file that could not be loaded, are failures too.
    let failed = errors.length;
    for (const module of modules) {
      if (module.errors().length > 0) failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        if (state === 'failed') failed++;
        const again = test.diagnostic()?.retryCount ?? 0;
        if (again > 0)
          console.log(
            `Late on a busy machine, run again, then ${state}: ${module.relativeModuleId} > ${test.fullName}`,
          );
      }
    }
    const { WAYMARK_SEED, WAYMARK_LONG } = process.env;
    if (!WAYMARK_LONG)
      console.log(`A sample: WAYMARK_SEED=${WAYMARK_SEED} takes it again, npm run test:long takes all.`);
    process.once('exit', () => process.stdout.write(`${passed} passed, ${failed} failed\n`));
  }
}
