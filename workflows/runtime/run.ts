// What the runtime knows of the run that it is in: one per execution, made by the interceptors before the first step.
import { CancellationScope } from '@temporalio/workflow';
import { createGate, type Gate } from './gate.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { RunState, RunStateView } from './messages.ts';
import { createWaits, type Waits } from './waits.ts';

export interface Run {
  gate: Gate;
  waits: Waits;
  ledger: Ledger;
  view: () => RunStateView;
}

// The SDK gives every execution its own copy of the workflow modules, so this is one run's and nobody else's.
let current: Run | undefined;

/** The run whose code is executing. Throws when the runtime's interceptors are not registered in this worker. */
export function currentRun(): Run {
  if (!current) throw new Error('The runtime is not registered: add workflows/runtime/interceptors.ts to the worker.');
  return current;
}

/** `show` is told whenever the view may have changed. Must be called in the run's root scope. */
export function openRun(show: (run: Run) => void): Run {
  const root = CancellationScope.current();
  const changed = () => show(run);
  const ledger = createLedger(changed);
  const gate = createGate(ledger, root, changed);
  const waits = createWaits(changed);
  const run: Run = {
    gate,
    waits,
    ledger,
    view: () => ({
      state: stateOf(gate, waits, root.consideredCancelled),
      waiting_for: waits.open(),
      steps_completed: gate.completed() + waits.completed(),
      in_flight: gate.inFlight(),
      usage: ledger.usage(),
      waste: ledger.waste(),
    }),
  };
  root.cancelRequested.catch(changed);
  current = run;
  return run;
}

/** A pause stands over a wait: the answer is taken while paused, but nothing goes on. */
function stateOf(gate: Gate, waits: Waits, cancelled: boolean): RunState {
  const flying = gate.inFlight().length > 0;
  if (cancelled) return flying ? 'cancelling' : 'running';
  if (gate.paused) return flying ? 'stopping' : 'paused';
  return waits.open().length > 0 && !flying ? 'waiting' : 'running';
}
