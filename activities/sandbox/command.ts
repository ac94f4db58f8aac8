// A command of the host's, run to its end: what it printed, or why it failed.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export class CommandFault extends Error {
  override readonly name = 'CommandFault';
}

/** @throws CommandFault with what the command said last; the signal's reason */
export async function printed(command: string, args: string[], signal: AbortSignal, minutes = 1): Promise<string> {
  try {
    const options = { signal, timeout: minutes * 60_000, maxBuffer: 16 * 1024 * 1024 };
    const { stdout } = await run(command, args, options);
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const last = said.trim().split('\n').slice(-3).join(' · ');
    throw new CommandFault(last || (error instanceof Error ? error.message : String(error)), { cause: error });
  }
}
