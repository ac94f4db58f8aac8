// A program on this machine that may be a Temporal CLI.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { oldestServer } from './version.ts';

/** What a way to get one brings, or why it brings none. */
export type Outcome = { kind: 'found'; binary: string } | { kind: 'declined'; why: string };

/** The first program of this name on a PATH. */
export async function which(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

/** Found when it is a Temporal CLI whose server is recent enough. */
export async function inspect(binary: string): Promise<Outcome> {
  if (!(await isExecutable(binary))) return { kind: 'declined', why: `no program at ${binary}` };
  const version = await serverVersion(binary);
  if (!version) return { kind: 'declined', why: `${binary} does not tell its version as a Temporal CLI does` };
  if (!isRecent(version)) {
    return { kind: 'declined', why: `the server of ${binary} is ${version}, older than ${oldestServer}` };
  }
  return { kind: 'found', binary };
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function serverVersion(binary: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: 10_000 });
    return /\(Server (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

const isRecent = (version: string): boolean => version.localeCompare(oldestServer, 'en', { numeric: true }) >= 0;
