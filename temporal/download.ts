// Gets the Temporal CLI by the Temporal SDK's own download, in a process that can be given up when nothing comes.
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endingOf } from './ending.ts';
import type { Log } from './log.ts';
import { inspect, type Outcome } from './program.ts';

const program = fileURLToPath(new URL('download/main.ts', import.meta.url));

/** Given up when nothing has come within 8 s, or nothing more for 15 s: a machine without internet goes on quickly. */
export async function download(target: string, log: Log): Promise<Outcome> {
  const folder = await mkdtemp(join(dirname(target), 'download-'));
  try {
    log.info('Asking for a download of the Temporal server.');
    const why = await runDownload(folder);
    if (why !== undefined) return { kind: 'declined', why };
    const [file] = await readdir(folder);
    if (!file) return { kind: 'declined', why: 'it left no file' };
    await chmod(join(folder, file), 0o755);
    await rename(join(folder, file), target);
    return await inspect(target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined when it went well, else why not. */
async function runDownload(folder: string): Promise<string | undefined> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const done = new AbortController();
  const stalled = watchGrowth(folder, done.signal);
  try {
    const end = endingOf(child).then(({ ok, how }) => (ok ? undefined : firstLine(said) || how));
    return await Promise.race([end, stalled]);
  } finally {
    done.abort();
    child.kill('SIGKILL');
  }
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? '';

/** Settles with a reason once the folder has stopped growing; never when aborted. */
async function watchGrowth(folder: string, signal: AbortSignal): Promise<string> {
  let bytes = 0;
  let grew = Date.now();
  for (;;) {
    await sleep(500);
    const now = await sizeOf(folder);
    if (now !== bytes) grew = Date.now();
    bytes = now;
    const patience = bytes === 0 ? 8 : 15;
    if (signal.aborted) return await new Promise<never>(() => {});
    if (Date.now() - grew > patience * 1000) return `nothing came for ${patience} s`;
  }
}

async function sizeOf(folder: string): Promise<number> {
  try {
    const files = await readdir(folder);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    return 0;
  }
}
