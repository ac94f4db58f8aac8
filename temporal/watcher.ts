// Ends the embedded server when this process is gone without having been able to do so (kill -9, a crash).
import { spawn } from 'node:child_process';

// The shell reads a pipe that only this process holds open: its end is this process's end, on every POSIX system.
const script = `
read -r _
kill -TERM "$1" 2>/dev/null
n=0
while [ $n -lt 10 ] && kill -0 "$1" 2>/dev/null; do sleep 0.1; n=$((n + 1)); done
kill -KILL "$1" 2>/dev/null
`;

export interface Watcher {
  /** To be called when the watched process has ended: its pid may soon be another's. */
  stop(): void;
}

/** The watcher is in a process group of its own, so that a signal to ours does not end it before its work. */
export function startWatcher(pid: number): Watcher {
  const child = spawn('/bin/sh', ['-c', script, 'waymark-watcher', `${pid}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => {});
  child.unref();
  return { stop: () => child.kill('SIGKILL') };
}
