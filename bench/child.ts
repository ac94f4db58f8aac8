// A process of the benchmark: started, heard, ended. It ends by itself when this process is gone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export interface Child {
  pid: number;
  url: string;
  /** Of the measured service alone. */
  temporal?: TemporalServer;
  /** What it says after its first line. */
  lines: AsyncIterator<string>;
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** For node. */
  flags?: string[];
  args?: string[];
  env: NodeJS.ProcessEnv;
  /** Its working directory: one without a `.env`, which would change what is measured. */
  cwd: string;
}

const temporalServer = z.object({ pid: z.number(), address: z.string(), namespace: z.string() });
export type TemporalServer = z.infer<typeof temporalServer>;

const firstLine = z.object({ url: z.string(), temporal: temporalServer.optional() });
/** A first start may have to get the Temporal server; an end waits for steps in flight. In ms. */
const startsWithinMs = 300_000;
const endsWithinMs = 15_000;

/** @param file relative to this folder. @throws Error when it ends before it is ready, or is not ready in time */
export async function startChild(file: string, { flags = [], args = [], env, cwd }: ChildOptions): Promise<Child> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...flags, path, ...args], { env, cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin.end();
    const force = setTimeout(() => child.kill('SIGKILL'), endsWithinMs);
    await ended;
    clearTimeout(force);
  };
  try {
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const late = sleep(startsWithinMs, undefined, { ref: false });
    const first = await Promise.race([lines.next(), late]);
    if (!first) throw new Error(`${file} is not ready after ${startsWithinMs / 1000} s.`);
    if (first.done) throw new Error(`${file} ended at its start.`);
    return { ...firstLine.parse(JSON.parse(first.value)), pid: child.pid!, lines, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
