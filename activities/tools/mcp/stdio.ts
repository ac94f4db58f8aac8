// A server that is a program of the worker's: started in a process group of its own, which ends with it and with the worker.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { deserializeMessage, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { StdioServer } from './server.ts';

/** A server has so long to end by itself, then so long again after a SIGTERM. */
const patienceMs = 1000;
/** Of one message. */
const mostBytes = 10 * 1024 * 1024;

/** The SDK's own hands the worker's HOME and USER on, and leaves behind what the program has started. */
export function stdioTransport({ command, args, env }: StdioServer, path: string): Transport {
  let child: ChildProcess | undefined;
  const read = linesOf((line) => {
    try {
      transport.onmessage?.(deserializeMessage(line));
    } catch (error) {
      // A line that is none of the protocol's: some servers log there.
      transport.onerror?.(asError(error));
    }
  });

  const transport: Transport = {
    async start() {
      const begun = spawn(command, args, {
        env: { ...env, PATH: path },
        stdio: ['pipe', 'pipe', 'ignore'],
        detached: true,
      });
      begun.stdout.on('data', (chunk: Buffer) => {
        if (read(chunk) === 'too_long') kill(begun, 'SIGKILL');
      });
      for (const stream of [begun.stdin, begun.stdout]) stream.on('error', (error) => transport.onerror?.(error));
      await once(begun, 'spawn');
      child = begun;
      begun.on('error', (error) => transport.onerror?.(error));
      const guard = guardOf(begun, path);
      begun.once('exit', () => {
        // What it has started and not ended.
        kill(begun, 'SIGKILL');
        guard.kill('SIGKILL');
      });
      begun.once('close', () => transport.onclose?.());
    },
    async send(message) {
      const stdin = child?.stdin;
      if (!stdin?.writable) throw new Error('The server has ended.');
      if (!stdin.write(serializeMessage(message))) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]);
    },
    async close() {
      if (!child) return;
      const ended = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit');
      child.stdin?.end();
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        const timer = new AbortController();
        const late = sleep(patienceMs, 'late', { signal: timer.signal }).catch(() => undefined);
        const how = await Promise.race([ended, late]);
        timer.abort();
        if (how !== 'late') break;
        kill(child, signal);
      }
      await ended;
    },
  };
  return transport;
}

/** The SDK's own copies all that it holds with each chunk: seconds of the worker's thread for a message of some megabytes. */
function linesOf(tell: (line: string) => void): (chunk: Buffer) => 'taken' | 'too_long' {
  let held: Buffer[] = [];
  let bytes = 0;
  return (chunk) => {
    let rest = chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      tell(Buffer.concat([...held, rest.subarray(0, end)]).toString());
      rest = rest.subarray(end + 1);
      held = [];
      bytes = 0;
    }
    held.push(rest);
    bytes += rest.length;
    return bytes > mostBytes ? 'too_long' : 'taken';
  };
}

/** Ends the group when the worker is gone, however that came: nobody else then holds the other end of its input. */
function guardOf({ pid }: ChildProcess, path: string): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', 'read _; kill -s KILL -- "-$1"', 'sh', String(pid)], {
    env: { PATH: path },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => undefined);
  guard.stdin?.on('error', () => undefined);
  return guard;
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // All of the group have ended.
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
