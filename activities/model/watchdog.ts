// Ends a connection on which nothing comes any more.

/** A timer this late, in ms, says that the process was busy, not that the provider was silent. */
const lateMs = 200;

export interface Watchdog {
  /** Aborts when the attempt is aborted, and when what was expected did not come. */
  readonly signal: AbortSignal;
  /** What did not come in time, once it did not. */
  readonly missed: string | undefined;
  /** From now on `what` has `ms` to come. */
  expect(what: string, ms: number): void;
  /** Nothing is expected any more, and what is still open is closed. */
  stop(): void;
}

export function createWatchdog(outer: AbortSignal): Watchdog {
  const own = new AbortController();
  let missed: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const watchdog: Watchdog = {
    signal: AbortSignal.any([outer, own.signal]),
    get missed() {
      return missed;
    },
    expect(what, ms) {
      clearTimeout(timer);
      const due = performance.now() + ms;
      timer = setTimeout(() => {
        // A worker that was held up itself may have the answer waiting to be read.
        if (performance.now() - due > lateMs) return watchdog.expect(what, ms);
        missed = what;
        own.abort();
      }, ms);
    },
    stop() {
      clearTimeout(timer);
      own.abort();
    },
  };
  return watchdog;
}
