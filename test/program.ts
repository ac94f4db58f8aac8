// One program as a process of its own, with what it said and how it ended.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** ms since the epoch. */
  at: number;
}

export interface Program {
  pid: number;
  /** Standard output and error so far. */
  output(): string;
  /** Waits until its output matches. @throws with the output when it ends before, or after `ms`. */
  says(pattern: RegExp, ms?: number): Promise<RegExpMatchArray>;
  signal(name: NodeJS.Signals): void;
  /** As Ctrl+C in a terminal does: the program and all that it started, but for what left its process group. */
  signalGroup(name: NodeJS.Signals): void;
  ended: Promise<Ended>;
}

/** In a process group of its own. */
export function startProgram(
  command: string,
  args: string[],
  options: { env: NodeJS.ProcessEnv; cwd: string },
): Program {
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let over = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => void (output += chunk));
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('exit', (code, signal) => {
      over = true;
      resolve({ code, signal, at: Date.now() });
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started.`);
  return {
    pid,
    output: () => output,
    async says(pattern, ms = 60_000) {
      for (const end = Date.now() + ms; ; await sleep(5)) {
        const found = pattern.exec(output);
        if (found) return found;
        if (over || Date.now() > end) throw new Error(`${args.join(' ')} did not say ${pattern}, but:\n${output}`);
      }
    },
    signal: (name) => void child.kill(name),
    signalGroup: (name) => send(-pid, name),
    ended,
  };
}

/** To a process, or with a negative number to a process group, that may be gone. */
export function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
