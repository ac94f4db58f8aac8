// What a server of ours can leave when its owner was killed: itself for a moment, or a database begun and not finished.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Ends process `pid` if it serves `database`, and says whether; another process that has the number by now is left alone. */
export async function endServer(pid: number, database: string): Promise<boolean> {
  if (!(await serves(pid, database))) return false;
  signal(pid, 'SIGTERM');
  for (let waited = 0; waited < 50; waited++) {
    await sleep(100);
    if (!(await serves(pid, database))) return true;
  }
  signal(pid, 'SIGKILL');
  return true;
}

async function serves(pid: number, database: string): Promise<boolean> {
  return (await commandOf(pid)).includes(database);
}

async function commandOf(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return (await promisify(execFile)('ps', ['-o', 'args=', '-p', `${pid}`])).stdout;
  } catch {
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in this moment.
  }
}

/**
 * The server makes its tables in many steps, its namespaces last, and never repairs a database that was cut short in
 * between: one without namespaces has never held a run and goes.
 */
export async function removeUnfinished(database: string): Promise<void> {
  if (!existsSync(database) || isFinished(database)) return;
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(database + suffix, { force: true });
}

function isFinished(path: string): boolean {
  const database = new DatabaseSync(path, { timeout: 2000 });
  try {
    return database.prepare('SELECT 1 FROM namespaces LIMIT 1').get() !== undefined;
  } catch (error) {
    if (error instanceof Error && /no such table/.test(error.message)) return false;
    throw error;
  } finally {
    database.close();
  }
}
