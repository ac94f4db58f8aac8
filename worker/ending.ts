// The end of a process: asked for once, it ends in order; asked for twice, at once.
import type { Logger } from 'pino';

/** Ctrl+C at `npm start` comes twice, from the terminal and from npm, which passes it on: within this many ms it is one. */
const sameMs = 1000;

/**
 * Runs `end` when the process is asked to end (SIGINT, SIGTERM, SIGHUP), then exits with 0. A second request exits
 * with 130 without waiting.
 */
export function endOnSignal(log: Logger, end: () => Promise<void>): void {
  let askedAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (askedAt !== undefined && Date.now() - askedAt < sameMs) return;
    if (askedAt !== undefined) process.exit(130);
    askedAt = Date.now();
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
