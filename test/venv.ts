// The Python of tests that run other people's clients: a virtual environment with the pinned packages, made once, kept in
// the user's cache.
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of a program in test/python. */
export const programAt = (name: string): string => fileURLToPath(new URL(`python/${name}`, import.meta.url));

/** The interpreter. */
export async function preparedPython(): Promise<string> {
  const requirements = programAt('requirements.txt');
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'waymark');
  const place = join(cache, `test-python-${digest}`);
  if (!existsSync(place)) {
    const making = `${place}.${randomUUID()}`;
    await mkdir(cache, { recursive: true });
    try {
      execFileSync('python3', ['-m', 'venv', making]);
      execFileSync(join(making, 'bin/python'), ['-m', 'pip', 'install', '-q', '-r', requirements], {
        timeout: 240_000,
      });
      await rename(making, place);
    } finally {
      await rm(making, { recursive: true, force: true });
    }
  }
  return join(place, 'bin/python');
}
