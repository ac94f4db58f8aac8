// Who serves a data folder: the process, ports and binary of its Temporal server, in temporal.json.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const serverRecord = z.object({
  pid: z.number().int(),
  port: z.number().int(),
  ui_port: z.number().int(),
  /** The ports that were wished for. */
  wished: z.object({ port: z.number().int(), ui_port: z.number().int() }),
  namespace: z.string(),
  binary: z.string(),
});

export type ServerRecord = z.infer<typeof serverRecord>;

const pathIn = (data: string) => join(data, 'temporal.json');

/** Undefined when there is none, or none that can be read. */
export async function readRecord(data: string): Promise<ServerRecord | undefined> {
  try {
    return serverRecord.parse(JSON.parse(await readFile(pathIn(data), 'utf8')));
  } catch {
    return undefined;
  }
}

export async function writeRecord(data: string, record: ServerRecord): Promise<void> {
  const part = `${pathIn(data)}.part`;
  await writeFile(part, `${JSON.stringify(record, null, 2)}\n`);
  await rename(part, pathIn(data));
}

export const removeRecord = (data: string): Promise<void> => rm(pathIn(data), { force: true });
