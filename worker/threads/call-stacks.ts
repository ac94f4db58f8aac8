// Keeps Temporal's SDK from recording a call stack for each promise of a workflow.
import v8 from 'node:v8';

/** What the SDK says when it cannot record them: it has no log at that place. 1.24.0, vm-shared.js. */
const told = 'v8.promiseHooks.createHook is not available; stack trace collection will be disabled.';

/**
 * The SDK takes the hook for optional: where there is none (Bun), it goes on without stacks, and the query `__stack_trace`
 * says so. It has no option for it.
 */
export function withoutCallStacks(): void {
  v8.promiseHooks.createHook = () => {
    throw new Error('Call stacks of workflows are not recorded: see WAYMARK_CALL_STACKS in docs/configuration.md.');
  };
  const { warn } = console;
  console.warn = (...said: unknown[]) => {
    if (said[0] === told) console.warn = warn;
    else warn(...said);
  };
}
