// A process of the benchmark: started, heard once, ended. It ends by itself when this process is gone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export interface Child {
  pid: number;
  url: string;
  /** Of the measured service alone. */
  temporalPid?: number;
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

const firstLine = z.object({ url: z.string(), temporalPid: z.number().optional() });
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
    const lines = once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(startsWithinMs) });
    const early = ended.then(([code]) => Promise.reject(new Error(`${file} ended with ${String(code)} at its start.`)));
    const [line]: unknown[] = await Promise.race([lines, early]);
    return { ...firstLine.parse(JSON.parse(String(line))), pid: child.pid!, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
