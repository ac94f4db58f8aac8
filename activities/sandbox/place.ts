// Where prepared folders lie, and how one comes to be there whole or not at all.
import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SandboxUnavailable } from './sandbox.ts';

/** For a service that is root: its data are closed to others, as is the home that they may lie in. */
const forAll = '/var/cache/waymark/python';

/** @param forOthers programs run as somebody else than the service; where one is named, it must then be open to all */
export async function openPlace(named: string, data: string, forOthers: boolean): Promise<string> {
  const wanted = resolve(named === '' ? join(data, 'python') : named);
  await mkdir(wanted, { recursive: true });
  if (!forOthers || (await isOpen(wanted))) return wanted;
  if (named !== '')
    throw new SandboxUnavailable(`SANDBOX_DIR=${named} is closed to others: programs run as another user.`);
  await mkdir(forAll, { recursive: true, mode: 0o755 });
  return forAll;
}

/** Whether everybody may go there. */
async function isOpen(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  if ((mode & 0o001) === 0) return false;
  return path === '/' || isOpen(dirname(path));
}

export const partOf = (final: string): string => `${final}.part-${process.pid}-${randomBytes(4).toString('hex')}`;

/** What is in a part becomes what it is for, in one moment; of two that come at once the first stays. */
export async function settle(part: string, final: string): Promise<void> {
  await openToAll(part);
  try {
    await rename(part, final);
  } catch (error) {
    if (!(await exists(final))) throw error;
    await rm(part, { recursive: true, force: true });
  }
}

/** Removes parts whose makers are gone. */
export async function sweep(place: string): Promise<void> {
  for (const entry of await readdir(place)) {
    const pid = /\.part-(\d+)-/.exec(entry)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(place, entry), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A link counts by what it leads to. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Readable for everybody, whatever umask the service has. */
async function openToAll(path: string): Promise<void> {
  const facts = await lstat(path);
  if (facts.isSymbolicLink()) return;
  await chmod(path, facts.isDirectory() || facts.mode & 0o100 ? 0o755 : 0o644);
  if (facts.isDirectory()) for (const entry of await readdir(path)) await openToAll(join(path, entry));
}
