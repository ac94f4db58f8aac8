// Where functions are kept: a folder for each, with function.py and metadata.json, as users of the replaced system know them.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Example, Metadata, StoredFunction } from './function.ts';

export interface FunctionStore {
  /** Undefined: there is none. */
  read(id: string): Promise<StoredFunction | undefined>;
  /** As search attributes have it. Undefined: there is no such function, or it was made while auth was off. */
  ownerOf(id: string): Promise<string | undefined>;
  /** Oldest first; with an owner only those that belong to it. */
  list(page: { limit: number; offset: number; owner?: string }): Promise<{ total: number; items: Metadata[] }>;
  /** Both files or neither, however the process ends. One that is there already stays as it is. */
  write(fn: StoredFunction, owner?: string): Promise<void>;
  /** False: there was none. */
  remove(id: string): Promise<boolean>;
}

const isId = (name: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(name);

/** Folders that are no function yet, or no longer. No list has them. */
const unfinished = (id: string) => `.new-${id}-`;
const removed = (id: string) => `.removed-${id}-`;

/** Read at once while listing. */
const atOnce = 32;

const metadata = z.object({
  task_name: z.string(),
  task_type: z.enum(['input', 'passthrough']),
  desired_action: z.string(),
  user_inputs: z.record(z.string(), z.looseObject({ type: z.string(), description: z.string().optional() })),
  packages_used: z.array(z.string()),
  created_at: z.string(),
  /** The replaced system kept none. */
  example: z.custom<Example>().nullish(),
});

/** @param folder USER_TASKS_DIR */
export function createFunctionStore(folder: string): FunctionStore {
  const describe = async (id: string): Promise<Metadata | undefined> => {
    const text = await absentAsUndefined(readFile(join(folder, id, 'metadata.json'), 'utf8'));
    const known = text === undefined ? undefined : metadata.safeParse(parsed(text)).data;
    if (!known) return undefined;
    const { task_name, ...rest } = known;
    return { task_id: id, task_name, ...rest, example: known.example ?? null };
  };
  const ownerOf = async (id: string): Promise<string | undefined> =>
    isId(id) ? absentAsUndefined(readFile(join(folder, id, 'owner'), 'utf8')) : undefined;
  const names = async () => (await absentAsUndefined(readdir(folder))) ?? [];
  const sweep = async (prefix: string) => {
    for (const name of await names())
      if (name.startsWith(prefix)) await rm(join(folder, name), { recursive: true, force: true });
  };

  return {
    async read(id) {
      if (!isId(id)) return undefined;
      const code = await absentAsUndefined(readFile(join(folder, id, 'function.py'), 'utf8'));
      const known = code === undefined ? undefined : await describe(id);
      return known && code !== undefined ? { ...known, code } : undefined;
    },

    ownerOf,

    async list({ limit, offset, owner }) {
      const describeOwn = async (id: string) =>
        owner === undefined || (await ownerOf(id)) === owner ? describe(id) : undefined;
      const ids = (await names()).filter(isId);
      const all: Metadata[] = [];
      for (let from = 0; from < ids.length; from += atOnce) {
        const some = await Promise.all(ids.slice(from, from + atOnce).map(describeOwn));
        all.push(...some.filter((one) => one !== undefined));
      }
      const items = all.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)).slice(offset, offset + limit);
      return { total: all.length, items };
    },

    async write({ code, ...known }, owner) {
      await mkdir(folder, { recursive: true });
      // An attempt before this one may have died here.
      await sweep(unfinished(known.task_id));
      const part = join(folder, `${unfinished(known.task_id)}${randomUUID()}`);
      await mkdir(part);
      await writeThrough(join(part, 'function.py'), code);
      await writeThrough(join(part, 'metadata.json'), `${JSON.stringify(known, null, 2)}\n`);
      // Beside metadata.json, whose keys others read.
      if (owner !== undefined) await writeThrough(join(part, 'owner'), owner);
      await settle(part);
      try {
        await rename(part, join(folder, known.task_id));
      } catch (error) {
        if (!isCode(error, 'ENOTEMPTY') && !isCode(error, 'EEXIST')) throw error;
        await rm(part, { recursive: true, force: true });
      }
      await settle(folder);
    },

    async remove(id) {
      if (!isId(id)) return false;
      const going = join(folder, `${removed(id)}${randomUUID()}`);
      // Gone at once and whole, whenever its files go.
      const found = await absentAsUndefined(rename(join(folder, id), going).then(() => true));
      await sweep(removed(id));
      return found ?? false;
    },
  };
}

const key = ({ created_at, task_id }: Metadata): string => `${created_at} ${task_id}`;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What stands in a folder is on the disk when the folder itself is. */
async function settle(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

async function absentAsUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}
