// The CPU time of a process, in seconds.
import { readFile } from 'node:fs/promises';

/** Linux counts in these, on every machine: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const ticksPerSecond = 100;

/** User and system time since its start, in steps of 10 ms. @throws where there is no /proc */
export async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold spaces: what follows it is counted, from the state (field 3) on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export interface Meter {
  /** Seconds of CPU that each of the processes has used since the meter was made. */
  read(): Promise<number[]>;
}

export async function meter(pids: number[]): Promise<Meter> {
  const before = await Promise.all(pids.map(cpuOf));
  return {
    read: async () => (await Promise.all(pids.map(cpuOf))).map((now, i) => now - before[i]!),
  };
}
