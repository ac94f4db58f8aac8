// A command of the host's, run to its end: what it printed, or why it failed.
import { execFile } from 'node:child_process';
import { setPriority } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

export class CommandFault extends Error {
  override readonly name = 'CommandFault';
}

/** @throws CommandFault with what the command said last; the signal's reason */
export async function printed(command: string, args: string[], signal: AbortSignal, minutes = 1): Promise<string> {
  try {
    const options = { signal, timeout: minutes * 60_000, maxBuffer: 16 * 1024 * 1024 };
    const running = run(command, args, options);
    stepBack(running.child.pid);
    return (await running).stdout;
  } catch (error) {
    signal.throwIfAborted();
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const last = said.trim().split('\n').slice(-3).join(' · ');
    throw new CommandFault(last || (error instanceof Error ? error.message : String(error)), { cause: error });
  }
}

/** What is done in the background takes what others leave. */
function stepBack(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, 10);
  } catch {
    // It has ended already.
  }
}
