// The gate: every step passes it. It holds steps back while the run is paused, aborts the ones in flight when asked to,
// and takes an aborted step again.
import { CancellationScope, CancelledFailure, condition, isCancellation } from '@temporalio/workflow';
import type { ActivityInput } from '@temporalio/workflow';
import { ActivityCancellationType, defaultPayloadConverter } from '@temporalio/common';
import type { GateHeader, gateHeaderName, Partial } from '../../activities/attempt.ts';
import { leftBy } from './abort.ts';
import { noAmount } from './bounds.ts';
import type { Budget } from './budget.ts';
import { createDrain } from './drain.ts';
import type { Ledger } from './ledger.ts';
import type { PauseMode, ResumeAction } from './messages.ts';
import { nextActivitySeq } from './sdk.ts';
import { wantedBy } from './wanted.ts';

/** More steps than this wait at the gate: 2,000 pending activities would fail the workflow task. */
const mostInFlight = 200;
const header: typeof gateHeaderName = 'waymark';

interface Flight {
  step: string;
  name: string;
  scope: CancellationScope;
  /** Set by a pause `now`: whatever comes back but a result is an aborted attempt, never a failure of the run. */
  aborted: boolean;
}

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
  const drain = createDrain(() => flights.size);
  let paused = false;
  let action: ResumeAction = 'continue';
  let completed = 0;
  let taken = 0;

  // Several waiters may be woken by one change: each looks again before it goes.
  const admission = async (free: () => boolean) => {
    for (;;) {
      while (!free()) await condition(free);
      if (!drain.holds()) return;
      await drain.passed();
    }
  };

  const isFree = () => !paused && flights.size < mostInFlight;

  /** Room in the budget, for as long as the step is in flight: beside others that are, nobody knows what it will cost. */
  const reserved = async (input: ActivityInput): Promise<() => void> => {
    const wanted = wantedBy(input, ledger.average());
    for (;;) {
      const giveBack = budget().reserve(wanted);
      if (giveBack) return giveBack;
      await budget().room(wanted);
      await admission(isFree);
    }
  };

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
    async pass() {
      await admission(() => !paused);
      while (budget().limited && budget().isSpent()) {
        await budget().room(noAmount);
        await admission(() => !paused);
      }
    },
    child: drain.child,
    async take(input, next) {
      // Not the seq: in a fork, which has loaded a journal before, the same step has another one.
      const step = input.options.activityId ?? String(++taken);
      const name = input.options.summary ?? input.activityType;
      let left: Partial | undefined;
      for (let round = 0; ; round++) {
        await admission(isFree);
        const giveBack = budget().limited ? await reserved(input) : () => {};
        const flight: Flight = { step, name, scope: new CancellationScope(), aborted: false };
        if (action === 'regenerate') left = undefined;
        const attempt = forAttempt(input, step, { round, resumed: words(left) });
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
          if (root.consideredCancelled) throw asCancelled(error, name);
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

function abort(flight: Flight): void {
  flight.aborted = true;
  flight.scope.cancel();
}

/** A new seq from the second round on, the same Activity Id always: streams know the step by it. */
function forAttempt(input: ActivityInput, step: string, told: GateHeader): ActivityInput {
  return {
    ...input,
    seq: told.round === 0 ? input.seq : nextActivitySeq(),
    headers: { ...input.headers, [header]: defaultPayloadConverter.toPayload(told) },
    options: {
      heartbeatTimeout: '2500ms',
      ...input.options,
      activityId: step,
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    },
  };
}

function words(left: Partial | undefined): GateHeader['resumed'] {
  if (left === undefined || left.text === '') return undefined;
  return { text: left.text, response_id: left.response_id, sequence: left.sequence };
}

/** The worker may have died or the model failed in the moment of the cancel: the run ends cancelled all the same. */
function asCancelled(error: unknown, name: string): unknown {
  return isCancellation(error) ? error : new CancelledFailure(`Step ${name} was in flight when the run was cancelled.`);
}
