// Where the demo tools leave what they would have done: files that a person can read.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ToolContext } from './tool.ts';

/** Made again under the same key, it is the same file. Returns where it is, beneath WAYMARK_DATA. */
export async function leave(kind: string, what: object, { data, key }: ToolContext): Promise<string> {
  const path = `outbox/${kind}-${key.slice(0, 16)}.json`;
  const file = join(data, path);
  await mkdir(dirname(file), { recursive: true });
  // A reader never sees half of it.
  await writeFile(`${file}.part`, `${JSON.stringify({ demo: true, kind, key, ...what }, null, 2)}\n`);
  await rename(`${file}.part`, file);
  return path;
}
