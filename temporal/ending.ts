// How a child process ended, in words for a log.
import type { ChildProcess } from 'node:child_process';

export interface Ending {
  ok: boolean;
  /** "exit code 1", "SIGKILL", or why it could not be started. */
  how: string;
}

/** Settles when it has ended and its output is read. Never rejects. */
export function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ ok: false, how: error.message }));
    child.once('close', (code, signal) => resolve({ ok: code === 0, how: signal ?? `exit code ${code}` }));
  });
}
