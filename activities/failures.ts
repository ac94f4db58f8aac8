// The one place that decides whether a step that failed is tried again, and when.
import { ApplicationFailure } from '@temporalio/common';
import { PageFault, type PageFaultKind } from './page/fault.ts';
import { SandboxUnavailable } from './sandbox/sandbox.ts';

/**
 * How a kind of fault is treated. `never`: trying again cannot help. `four`: the other side may be better in a
 * moment; four tries in all, then the step fails with the same type. `patient`: our own surroundings (disk, worker);
 * as often as the step's retry policy allows.
 */
type Retry = 'never' | 'four' | 'patient';

const retries = {
  ModelUnavailable: 'four',
  ModelRateLimited: 'four',
  ModelStalled: 'four',
  ModelAnswerUnreadable: 'four',
  ModelFailed: 'four',
  ModelRejected: 'never',
  ModelUnauthorized: 'never',
  ModelNotFound: 'never',
  PageUnavailable: 'four',
  PageTimedOut: 'never',
  PageRefused: 'never',
  PageNotFound: 'never',
  PageUnreadable: 'never',
  PageTooLarge: 'never',
  FunctionNotFound: 'never',
  SandboxUnavailable: 'four',
  StorageUnavailable: 'patient',
  InvalidReference: 'never',
  WorkerStopped: 'patient',
  StepFailed: 'four',
  StepTooLong: 'four',
  McpUnavailable: 'four',
  McpRefused: 'never',
} as const satisfies Record<string, Retry>;

export type FaultType = keyof typeof retries;

/** Fault tries in all of a step, the first included; tries lost with a worker are not among them. */
export const triesOfFaults = 4;
const firstDelayMs = 250;
const longestDelayMs = 10_000;
const longestAskedMs = 5 * 60_000;

/**
 * What went wrong in a step, said so that its reader can act: `message` states what happened and what to do, and holds
 * no key, no prompt and nothing internal, for it is shown to clients.
 */
export class Fault extends Error {
  readonly type: FaultType;
  /** How long the other side asked us to wait, in ms. */
  readonly retry_after_ms: number | undefined;

  constructor(type: FaultType, message: string, options: { retry_after_ms?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = type;
    this.type = type;
    this.retry_after_ms = options.retry_after_ms;
  }
}

/** The failure that Temporal is told, and whether it counts among the four. */
export interface Verdict {
  failure: ApplicationFailure;
  /** True: `faults` of the attempt's record goes up by one. */
  counts: boolean;
}

/**
 * @param error whatever an activity threw
 * @param faults faults of this step before this one
 */
export function judge(error: unknown, faults: number): Verdict {
  if (error instanceof ApplicationFailure) return { failure: error, counts: false };
  const fault = asFault(error);
  const retry: Retry = retries[fault.type];
  const counts = retry === 'four';
  const last = retry === 'never' || (counts && faults + 1 >= triesOfFaults);
  // The cause stays in the worker's log: what it says may be anything, and this failure is read by clients.
  const failure = ApplicationFailure.create({
    type: fault.type,
    message: counts && last ? `${fault.message} (Tried ${triesOfFaults} times.)` : fault.message,
    nonRetryable: last,
    // Without a delay of ours the step's retry policy spaces the tries.
    nextRetryDelay: counts && !last ? delayMs(fault.retry_after_ms, faults) : undefined,
  });
  return { failure, counts };
}

/** The wait before the next try, in ms: what was asked for (at most 5 minutes), else 250 ms doubling up to 10 s. */
export function delayMs(askedMs: number | undefined, faults: number, random: () => number = Math.random): number {
  if (askedMs !== undefined) return Math.min(Math.max(askedMs, 1), longestAskedMs);
  const full = Math.min(firstDelayMs * 2 ** faults, longestDelayMs);
  // A quarter of jitter: tries that failed together do not come back together.
  return Math.round(full * (1 - random() / 4));
}

/**
 * What `retry-after-ms` or `retry-after` (seconds or an HTTP date) ask for, in ms; undefined when they do not.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function askedDelayMs(header: (name: string) => string | null, now = Date.now()): number | undefined {
  const exact = Number.parseFloat(header('retry-after-ms') ?? '');
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const asked = header('retry-after') ?? '';
  if (/^\s*\d+(\.\d+)?\s*$/.test(asked)) return Number.parseFloat(asked) * 1000;
  // Date.parse takes "-5" for a year.
  const at = /[a-z]/i.test(asked) ? Date.parse(asked) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(at - now, 0);
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof PageFault) return pageFault(error);
  if (error instanceof SandboxUnavailable) return new Fault('SandboxUnavailable', error.message, { cause: error });
  if (isSystemError(error)) {
    return new Fault(
      'StorageUnavailable',
      `The worker could not use its storage (${error.code}). Check that WAYMARK_DATA exists, is writable and has room.`,
      { cause: error },
    );
  }
  return new Fault(
    'StepFailed',
    "The step ended with an unexpected error. The worker's log has it, with this run's id and step.",
    { cause: error },
  );
}

const pageFaults: Record<PageFaultKind, FaultType> = {
  refused: 'PageRefused',
  not_found: 'PageNotFound',
  dns: 'PageNotFound',
  too_large: 'PageTooLarge',
  timeout: 'PageTimedOut',
  status: 'PageUnreadable',
  not_html: 'PageUnreadable',
  no_body: 'PageUnreadable',
  too_many_redirects: 'PageUnreadable',
  unreachable: 'PageUnreadable',
};

function pageFault(fault: PageFault): Fault {
  const type = fault.retryable ? 'PageUnavailable' : pageFaults[fault.kind];
  return new Fault(type, fault.message, { retry_after_ms: fault.retryAfterMs, cause: fault });
}

const storageCodes = new Set(['ENOENT', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE']);

/** A fault of the worker's own surroundings. */
export function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && storageCodes.has(error.code);
}
