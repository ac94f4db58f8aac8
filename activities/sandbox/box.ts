// One sandbox: a process 1 with nothing around it that is handed one program, and ends with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { type Memory, memoryOf, parentOf } from './family.ts';
import { descriptors, type Jail } from './jail.ts';
import { SandboxUnavailable } from './sandbox.ts';
import { createFrameReader, type FrameKind, message } from './wire.ts';

export interface Box {
  /** Whether it can still be handed a program. */
  isOpen(): boolean;
  /** Its process 1, as the machine numbers it. */
  readonly pid: number;
  /** What process 1 takes before it has a program. */
  readonly empty: Memory;
  /** Tells what the runner says from now on, and hands it the program. */
  hand(limits: Record<string, number>, task: unknown, onFrame: (kind: FrameKind, payload: Buffer) => void): void;
  /** Ends everything in it. */
  kill(): void;
  /** Resolves when nothing of it is left. */
  closed: Promise<unknown>;
}

/** Loading pandas on a busy machine. */
const readyWithinMs = 60_000;
/** Where the machine does not say: more than Python and pandas take. */
const usualEmpty: Memory = { size: 1024 ** 3, resident: 128 * 1024 ** 2 };

/** Resolves when the box waits for its program. @throws SandboxUnavailable with what bubblewrap said */
export async function openBox(jail: Jail, filter: Buffer, load: 'pandas' | 'bare'): Promise<Box> {
  const child = spawn(jail.command, jail.args(load), {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    // Not in the service's own group: Ctrl+C at a terminal is for the service, which lets steps in flight end.
    detached: true,
    cwd: '/',
    env: {},
    ...jail.user,
  });
  // A process that could not be started never closes.
  const closed = new Promise<{ error?: Error }>((resolve) => {
    child.once('close', () => resolve({}));
    child.once('error', (error) => resolve({ error }));
  });
  const frames = createFrames(child);
  const said = listen(child.stderr, 10_000);
  const information = listen(child.stdio[descriptors.information], 10_000);
  feed(child.stdio[descriptors.filter], [filter]);
  const kill = () => killAll(child, innerPid(information()));
  const timer = setTimeout(kill, readyWithinMs);
  const ended = await Promise.race([frames.ready, closed]);
  clearTimeout(timer);
  const pid = innerPid(information());
  if (ended !== undefined || pid === undefined) {
    kill();
    const why = ended?.error?.message ?? said().trim();
    throw new SandboxUnavailable(`bubblewrap could not make a sandbox here: ${why || 'it said nothing'}`);
  }
  return {
    pid,
    empty: (await memoryOf(pid)) ?? usualEmpty,
    isOpen: () => child.exitCode === null && child.signalCode === null,
    hand(limits, task, onFrame) {
      frames.to(onFrame);
      feed(child.stdin, [...message(limits), ...message(task)]);
    },
    kill,
    closed,
  };
}

/** Frames that come before anybody wants them can only be the first one. */
function createFrames(child: ChildProcess) {
  const ready = Promise.withResolvers<undefined>();
  let taker: ((kind: FrameKind, payload: Buffer) => void) | undefined;
  const read = createFrameReader((kind, payload) => {
    if (taker) taker(kind, payload);
    else if (kind === 'W') ready.resolve(undefined);
  });
  child.stdout?.on('data', (bytes: Buffer) => {
    // The runner does not speak like this: it is no longer the runner.
    if (!read(bytes)) child.kill('SIGKILL');
  });
  child.stdout?.on('error', () => undefined);
  return {
    ready: ready.promise,
    to: (onFrame: (kind: FrameKind, payload: Buffer) => void) => void (taker = onFrame),
  };
}

/** Keeps the beginning of what a stream says. */
function listen(stream: unknown, most: number): () => string {
  let text = '';
  if (stream instanceof Readable) {
    stream.on('data', (bytes: Buffer) => (text = `${text}${bytes.toString()}`.slice(0, most)));
    stream.on('error', () => undefined);
  }
  return () => text;
}

/** A reader that has gone is told by its end, not here. */
function feed(stream: unknown, parts: Buffer[]): void {
  if (!(stream instanceof Writable)) return;
  stream.on('error', () => undefined);
  for (const part of parts) stream.write(part);
  stream.end();
}

const innerPid = (information: string): number | undefined => {
  const found = /"child-pid": (\d+)/.exec(information)?.[1];
  return found === undefined ? undefined : Number(found);
};

/** bubblewrap has so long to see that all is over. */
const buryMs = 500;

/**
 * By its process 1 where that is known: the kernel ends all others with it before bubblewrap can see it gone, so
 * nothing is left when bubblewrap ends. It is killed by number only while bubblewrap, our child, is its parent.
 */
function killAll(child: ChildProcess, inner: number | undefined): void {
  child.stdin?.destroy();
  const isOurs = child.exitCode === null && child.signalCode === null && child.pid !== undefined;
  if (isOurs && inner !== undefined && parentOf(inner) === child.pid) {
    try {
      process.kill(inner, 'SIGKILL');
      setTimeout(() => child.kill('SIGKILL'), buryMs).unref();
      return;
    } catch {
      // Gone in this very moment.
    }
  }
  child.kill('SIGKILL');
}
