// The processes of one sandbox as the machine sees them: those that descend from its process 1.
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

export interface Memory {
  /** Reserved addresses. */
  size: number;
  /** In real memory. */
  resident: number;
}

/** Undefined: the process is gone. */
export async function memoryOf(pid: number): Promise<Memory | undefined> {
  const facts = await read(`/proc/${pid}/status`);
  const [size, resident] = [/^VmSize:\s+(\d+) kB$/m, /^VmRSS:\s+(\d+) kB$/m].map((line) => line.exec(facts)?.[1]);
  return size && resident ? { size: Number(size) * 1024, resident: Number(resident) * 1024 } : undefined;
}

/** Whose child a process is; undefined: it is gone. At once: a number may belong to another process a moment later. */
export function parentOf(pid: number): number | undefined {
  try {
    const found = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}

/**
 * What the programs under process 1 hold, all together. What several share counts once; that costs a walk through their
 * pages, so it is asked only when the simple sum is over `enough`.
 */
export async function heldUnder(pid: number, enough: number): Promise<number> {
  const family = await descendantsOf(pid);
  const resident = sum(await Promise.all(family.map(async (member) => (await memoryOf(member))?.resident ?? 0)));
  if (resident <= enough || family.length < 2) return resident;
  return sum(await Promise.all(family.map(shareOf)));
}

/** A process that hides its pages counts in full. */
async function shareOf(pid: number): Promise<number> {
  const share = /^Pss:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/smaps_rollup`))?.[1];
  return share === undefined ? ((await memoryOf(pid))?.resident ?? 0) : Number(share) * 1024;
}

async function descendantsOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(tasks.map((task) => read(`/proc/${pid}/task/${task}/children`)));
  const children = lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}

/** Nothing, where the process is gone. */
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);
