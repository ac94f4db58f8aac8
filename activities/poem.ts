// Saves a poem to a file that is named by its run.
import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { currentAttempt } from './attempt.ts';

/** @param data WAYMARK_DATA */
export const createSavePoem =
  (data: string) =>
  async (poem: string): Promise<{ path: string }> => {
    // Relative: clients read it, and where the data is on this machine is not theirs to know.
    const path = `poems/${fileName(currentAttempt().key.run)}.txt`;
    const file = join(data, path);
    await mkdir(dirname(file), { recursive: true });
    // A reader never sees half a poem, and an attempt that comes again writes the same one.
    await writeFile(`${file}.part`, `${poem}\n`);
    await rename(`${file}.part`, file);
    return { path };
  };

/** File systems take names of 255 bytes; `.txt.part` is one of ours. */
const longest = 240;

/**
 * A run id may be any text: what a file system could take for a path, or for nothing, is written as %xx, and what is too
 * long ends in a hash of it.
 */
function fileName(run: string): string {
  const name = encodeURIComponent(run.toWellFormed())
    .replaceAll('*', '%2A')
    .replace(/^\.+/, (dots) => '%2E'.repeat(dots.length));
  if (name.length <= longest) return name;
  const hash = createHash('sha256').update(run).digest('hex');
  return `${name.slice(0, longest - hash.length - 1)}-${hash}`;
}
