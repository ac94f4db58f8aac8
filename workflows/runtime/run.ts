// What the runtime knows of the run that it is in: one per execution, made by the interceptors before the first step.
import { CancellationScope } from '@temporalio/workflow';
import { type Budget, createBudget } from './budget.ts';
import { createFamily, type Family } from './family.ts';
import { createGate, type Gate } from './gate.ts';
import type { Opening, Splice } from '../../activities/journal/batch.ts';
import { isFull } from './journal/rollover.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { RunState, RunStateView } from './messages.ts';
import { createParent, type Parent } from './parent.ts';
import { createParting, type Parting } from './parting.ts';
import { createWaits, type Waits } from './waits.ts';

export interface Run {
  gate: Gate;
  waits: Waits;
  ledger: Ledger;
  budget: Budget;
  family: Family;
  parent: Parent;
  parting: Parting;
  view: () => RunStateView;
  /** The run is to go on from another point, in place: its steps are aborted, then its timeline ends. */
  restore: (to: Opening) => void;
  /** Where to, with what the run has spent until now. */
  restoring(): Opening | undefined;
  /** What the code does from here on is not in the journal: it is decided when the run lives by itself. */
  suspend(): void;
  /** A timeline begins to live by itself. A fork goes on whatever pause its source was in. */
  spliced(splice: Pick<Splice, 'kind' | 'account' | 'handed_on'>): void;
}

// The SDK gives every execution its own copy of the workflow modules, so this is one run's and nobody else's.
let current: Run | undefined;

/** The run, when it has begun. */
export const startedRun = (): Run | undefined => current;

/** The run whose code is executing. Throws when the runtime's interceptors are not registered in this worker. */
export function currentRun(): Run {
  if (!current) throw new Error('The runtime is not registered: add workflows/runtime/interceptors.ts to the worker.');
  return current;
}

/**
 * `show` is told whenever the view may have changed; `anew`: what is shown until now is another timeline's. Must be called
 * in the run's root scope.
 */
export function openRun(show: (run: Run, anew?: boolean) => void): Run {
  const root = CancellationScope.current();
  const changed = () => {
    show(run);
    parent.tell();
  };
  const ledger = createLedger(changed);
  const gate = createGate({ ledger, budget: () => budget, root, changed, counted: () => parent.tell() });
  const waits = createWaits(changed);
  const parent = createParent(ledger, () => budget);
  const budget = createBudget({
    ledger,
    waits,
    steps: () => gate.completed() + waits.completed(),
    end: () => root.cancel(),
    beg: (wanted) => parent.beg(wanted),
    changed,
  });
  const family = createFamily(ledger, budget);
  const parting = createParting(root);
  let target: Opening | undefined;
  const run: Run = {
    gate,
    waits,
    ledger,
    budget,
    family,
    parent,
    parting,
    suspend: () => budget.suspend(),
    restore(to) {
      target = to;
      gate.pause('now');
    },
    restoring: () =>
      target && { ...target, account: { usage: ledger.usage(), waste: ledger.waste() }, handed_on: true },
    spliced({ kind, account, handed_on }) {
      if (kind === 'continue') {
        budget.begin(false);
        return;
      }
      ledger.begin(account);
      budget.begin(true);
      family.begin();
      parent.begin();
      gate.resume('continue');
      if (handed_on) show(run, true);
    },
    view: () => ({
      state: stateOf(gate, waits, root.consideredCancelled),
      waiting_for: waits.open(),
      steps_completed: gate.completed() + waits.completed(),
      in_flight: gate.inFlight(),
      full: isFull(),
      usage: ledger.usage(),
      waste: ledger.waste(),
      inherited: ledger.inherited(),
      children: ledger.children(),
      limits: budget.limits() ?? null,
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
