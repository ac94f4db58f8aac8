// Watches a workflow's code for running on without end only while there is such code to run.
import { Script } from 'node:vm';

/** What the SDK calls in a workflow's context that runs none of the author's code. 1.24.0, worker-interface.js. */
const harmless: readonly unknown[] = ['concludeActivation', 'dispose'];

/**
 * The SDK enters a workflow's context some 20 times in a run of five steps, each time with a time limit of 5 s, for which Node starts a
 * thread and waits for its end: 0.4 ms of CPU, and more of waiting when all cores are busy. The entries that run the
 * author's code keep it: module code, activations, and conditions where there are any. Whatever is not known keeps it too.
 */
export function spareWatchdogs(): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
  const { runInContext } = Script.prototype;
  Script.prototype.runInContext = function (context, options) {
    const spared = options?.timeout !== undefined && isHarmless(context);
    const without: typeof options = spared ? { ...options, timeout: undefined } : options;
    return runInContext.call(this, context, without);
  };
}

/** reusable-vm.js: `__temporal_args` is [whose globals these are, function, arguments]. */
function isHarmless(context: Record<string, unknown>): boolean {
  const { __temporal_args: call, __TEMPORAL_BAG_HOLDER__: present, __TEMPORAL_ACTIVATOR__: activator } = context;
  if (!Array.isArray(call)) return false;
  const [holder, name]: unknown[] = call;
  return (
    harmless.includes(name) || (name === 'tryUnblockConditions' && holder === present && !hasConditions(activator))
  );
}

/** Without a condition to look at nothing runs: the microtasks of the activation are done when it returns. */
function hasConditions(activator: unknown): boolean {
  if (typeof activator !== 'object' || activator === null || !('blockedConditions' in activator)) return true;
  const { blockedConditions } = activator;
  // A Map of that context, which is not an instance of ours.
  const known = typeof blockedConditions === 'object' && blockedConditions !== null && 'size' in blockedConditions;
  return !known || blockedConditions.size !== 0;
}
