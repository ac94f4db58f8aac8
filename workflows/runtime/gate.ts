// The gate: every step passes it. It holds steps back while the run is paused, aborts the ones in flight when asked to,
// and takes an aborted step again.
import type { ActivityInput, CancellationScope } from '@temporalio/workflow';
import type { Partial } from '../../activities/attempt.ts';
import { leftBy } from './abort.ts';
import { createAdmission } from './admission.ts';
import type { Budget } from './budget.ts';
import { abort, asCancelled, createFlight, type Flight, forRound } from './flight.ts';
import type { Ledger } from './ledger.ts';
import type { PauseMode, ResumeAction } from './messages.ts';

export interface Gate {
  pause(mode: PauseMode): void;
  resume(action: ResumeAction): void;
  readonly paused: boolean;
  inFlight(): { step: string; name: string }[];
  completed(): number;
  take(input: ActivityInput, next: (input: ActivityInput) => Promise<unknown>): Promise<unknown>;
  /** Holds whatever is not a step (the start of a child) while the run is paused. */
  pass(): Promise<void>;
  /** A child is open until this has ended. */
  child(ended: Promise<unknown>): void;
}

export interface GateOptions {
  ledger: Ledger;
  budget: () => Budget;
  root: CancellationScope;
  /** What the run shows of itself may have changed. */
  changed: () => void;
  /** A step has been completed. */
  counted: () => void;
}

export function createGate({ ledger, budget, root, changed, counted }: GateOptions): Gate {
  const flights = new Set<Flight>();
  let paused = false;
  let action: ResumeAction = 'continue';
  let completed = 0;
  let taken = 0;
  const admission = createAdmission({ ledger, budget, isPaused: () => paused, inFlight: () => flights.size });

  const fly = async (flight: Flight, run: () => Promise<unknown>): Promise<unknown> => {
    flights.add(flight);
    changed();
    try {
      return await flight.scope.run(run);
    } finally {
      flights.delete(flight);
      changed();
    }
  };

  return {
    pause(mode) {
      paused = true;
      if (mode === 'now') for (const flight of flights) abort(flight);
      changed();
    },
    resume(chosen) {
      if (!paused) return;
      paused = false;
      action = chosen;
      changed();
    },
    get paused() {
      return paused;
    },
    inFlight: () => [...flights].map(({ step, name }) => ({ step, name })),
    completed: () => completed,
    pass: admission.other,
    child: admission.child,
    async take(input, next) {
      // Not the seq: in a fork, which has loaded a journal before, the same step has another one.
      const step = input.options.activityId ?? String(++taken);
      const name = input.options.summary ?? input.activityType;
      let left: Partial | undefined;
      for (let round = 0; ; round++) {
        await admission.step();
        const giveBack = budget().limited ? await admission.room(input) : () => {};
        while (admission.isCrowded()) await admission.step();
        const flight = createFlight(step, name);
        if (action === 'regenerate') left = undefined;
        const attempt = forRound(input, step, round, left);
        try {
          const result = await fly(flight, () => next(attempt));
          completed++;
          ledger.completed(step, round, result);
          counted();
          return result;
        } catch (error) {
          if (!flight.scope.consideredCancelled) throw error;
          const leaves = leftBy(error);
          if (leaves) ledger.aborted(step, round, leaves);
          if (root.consideredCancelled) throw asCancelled(error, flight);
          if (!flight.aborted) throw error;
          // A round that was aborted before it spoke has not unsaid what the one before had.
          if (leaves?.kind === 'partial') left = leaves;
        } finally {
          giveBack();
        }
      }
    },
  };
}
