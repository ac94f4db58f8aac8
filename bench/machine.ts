// Where and when figures were taken: without it they compare with nothing.
import { execFile } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { promisify } from 'node:util';
import { version } from '../worker/version.ts';

export interface Machine {
  date: string;
  /** Null outside a git repository. `+` at the end: with changes that are not committed. */
  commit: string | null;
  version: string;
  cores: number;
  cpu: string;
  node: string;
  /** Of the minute before: what else the machine was doing. */
  load_before: number;
}

export async function describeMachine(): Promise<Machine> {
  return {
    date: new Date().toISOString(),
    commit: await commit(),
    version,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    load_before: Number(loadavg()[0]!.toFixed(2)),
  };
}

async function commit(): Promise<string | null> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: import.meta.dirname })).stdout.trim();
  try {
    const head = await git('rev-parse', '--short', 'HEAD');
    return (await git('status', '--porcelain')) === '' ? head : `${head}+`;
  } catch {
    return null;
  }
}

const run = promisify(execFile);
