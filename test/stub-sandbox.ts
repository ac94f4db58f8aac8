// For workers that run no Python programs, and for those whose programs do not matter.
import { type Outcome, type Sandbox, SandboxUnavailable } from '../activities/sandbox/sandbox.ts';

const reason = 'This test has no sandbox.';
const none = () => Promise.reject(new SandboxUnavailable(reason));

export const noSandbox: Sandbox = {
  state: () => ({ kind: 'unavailable', reason }),
  prepared: () => Promise.resolve({ kind: 'unavailable', reason }),
  run: none,
  check: none,
  close: () => Promise.resolve(),
};

const ran = { stdout: '', stderr: '', duration_ms: 5, peak_bytes: 70_000_000 };

/** Every program takes `n` and gives one row; one that says `raise` does so. */
const outcomeOf = (code: string): Outcome =>
  code.includes('raise')
    ? {
        ...ran,
        kind: 'exception',
        message: 'ValueError: no',
        detail: 'line 2, in main_function',
        traceback: 'Traceback',
      }
    : { ...ran, kind: 'result', frame: { columns: ['n'], values: [[1]], types: ['integer'] } };

export const stubSandbox: Sandbox = {
  state: () => ({ kind: 'ready', python: '3.12.0', packages: { pandas: '2.3.3' } }),
  prepared: () => Promise.resolve(stubSandbox.state()),
  run: ({ code }) => Promise.resolve(outcomeOf(code)),
  check: () =>
    Promise.resolve({ kind: 'function', parameters: [{ name: 'n', kind: 'plain', optional: false }], imports: [] }),
  close: () => Promise.resolve(),
};
