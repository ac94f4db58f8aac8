// The end of a process: asked for once, it ends in order; asked for twice, at once.
import type { Logger } from 'pino';

/**
 * Runs `end` when the process is asked to end (SIGINT, SIGTERM, SIGHUP), then exits with 0. A second request exits
 * with 130 without waiting.
 */
export function endOnSignal(log: Logger, end: () => Promise<void>): void {
  let asked = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked) process.exit(130);
    asked = true;
    log.info(`${signal}: ending; steps in flight may finish. Once more ends at once.`);
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error }, 'The end was not orderly. Nothing is lost: what was open goes on at the next start.');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}
