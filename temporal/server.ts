// One run of the embedded Temporal server: started, waited for until it answers, ended with this process however it ends.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { attributes } from '../workflows/runtime/messages.ts';
import { endingOf } from './ending.ts';
import { answers } from './health.ts';
import { isOpen, loopback } from './ports.ts';
import { cliType } from './schema.ts';
import { embeddedSettings, environment, pragmas, settings } from './settings.ts';
import { startWatcher } from './watcher.ts';

export interface ServerOptions {
  /** Path of a Temporal CLI. */
  binary: string;
  port: number;
  uiPort: number;
  /** Path of the SQLite file; absent: everything is in memory and lost at the end. */
  database?: string;
  namespace: string;
  /** Dynamic configuration over that of settings.ts: for tests of what Temporal does at its limits. */
  override?: Record<string, number | string>;
  /** Called with each line that the server logs (warnings and errors, JSON). */
  onLog?: (line: string) => void;
  /** Gives up a start that is under way. */
  signal?: AbortSignal;
}

export interface ServerProcess {
  pid: number;
  /** host:port */
  address: string;
  /** Settles when the process has ended, with how. */
  ended: Promise<string>;
  /** Ends it: politely, after 10 s by force. */
  stop(): Promise<void>;
}

/** Settles once the server answers for its namespace; a server that has not within 60 s is ended, and this throws. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  // A process group of its own: Ctrl+C in a terminal reaches every process of the group, and the server must outlive
  // the worker's drain. The watcher ends it when this process is killed.
  const child = spawn(options.binary, serverArguments(options), {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: serverEnvironment(),
  });
  const lastLines = readLines(child, options.onLog);
  const ended = endingOf(child).then(({ how }) => [`The Temporal server ended (${how}).`, ...lastLines].join('\n'));
  if (child.pid === undefined) throw new Error(await ended);
  const watcher = startWatcher(child.pid);
  void ended.then(() => watcher.stop());
  const server = {
    pid: child.pid,
    address: `${loopback}:${options.port}`,
    ended,
    stop: () => stopChild(child),
  };
  try {
    await untilHealthy(server, options);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

export function serverArguments(options: ServerOptions): string[] {
  const { port, uiPort, namespace, database } = options;
  const flags: [string, string | number][] = [
    ['ip', loopback],
    ['port', port],
    ['ui-port', uiPort],
    ['namespace', namespace],
    ['log-level', 'warn'],
    ['log-format', 'json'],
  ];
  if (database) flags.push(['db-filename', database]);
  for (const [key, value] of Object.entries(database ? pragmas : {})) flags.push(['sqlite-pragma', `${key}=${value}`]);
  for (const { name, type } of Object.values(attributes)) flags.push(['search-attribute', `${name}=${cliType(type)}`]);
  for (const { key, value } of [...settings, ...embeddedSettings]) {
    flags.push(['dynamic-config-value', `${key}=${JSON.stringify(value)}`]);
  }
  for (const [key, value] of Object.entries(options.override ?? {}))
    flags.push(['dynamic-config-value', `${key}=${JSON.stringify(value)}`]);
  return ['server', 'start-dev', ...flags.flatMap(([flag, value]) => [`--${flag}`, `${value}`])];
}

/** Without the TEMPORAL_* variables, which are about the server that clients talk to. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const rest = Object.entries(process.env).filter(([key]) => !key.startsWith('TEMPORAL_'));
  return { ...environment, ...Object.fromEntries(rest) };
}

function readLines(child: ChildProcess, onLog: ServerOptions['onLog']): string[] {
  const last: string[] = [];
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLog?.(line);
    last.push(...lines);
    last.splice(0, last.length - 5);
  });
  return last;
}

async function untilHealthy(server: ServerProcess, options: ServerOptions): Promise<void> {
  const giveUp = new AbortController();
  const ready = async () => {
    while (!giveUp.signal.aborted) {
      if ((await isOpen(options.port)) && (await answers(server.address, options.namespace))) return;
      await sleep(50);
    }
  };
  options.signal?.addEventListener('abort', () => giveUp.abort(), { once: true, signal: giveUp.signal });
  const dead = server.ended.then((how) => Promise.reject(new Error(how)));
  const late = sleep(60_000, undefined, { signal: giveUp.signal, ref: false }).then(() =>
    Promise.reject(new Error(`The Temporal server at ${server.address} did not answer within 60 s.`)),
  );
  late.catch(() => {});
  dead.catch(() => {});
  try {
    await Promise.race([ready(), dead, late]);
    options.signal?.throwIfAborted();
  } finally {
    giveUp.abort();
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await closed;
  clearTimeout(force);
}
