// Large payloads as files named by their content: the storage driver behind external storage and conversations.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Payload, StorageDriverClaim } from '@temporalio/common';
import type { StorageDriver } from '@temporalio/common';
import proto from '@temporalio/proto';
import { payloadMissing } from './missing.ts';

const PayloadProto = proto.temporal.api.common.v1.Payload;

/**
 * Keeps payloads under `folder` as ab/cdef…, the SHA-256 of their protobuf form, metadata included: what is stored twice
 * is one file. The claim is `{sha256}` in hexadecimal. Whoever reads the history needs the same folder.
 */
export function fileDriver(folder: string): StorageDriver {
  const pathOf = (sha256: string) => join(folder, sha256.slice(0, 2), sha256.slice(2));
  return {
    name: 'waymark-files',
    type: 'waymark.files',
    store: (_context, payloads) =>
      Promise.all(
        payloads.map(async (payload) => {
          const bytes = serialize(payload);
          const sha256 = digest(bytes);
          await writeOnce(pathOf(sha256), bytes);
          return new StorageDriverClaim({ sha256 });
        }),
      ),
    retrieve: (_context, claims) =>
      Promise.all(
        claims.map(async ({ claimData }) => {
          const sha256 = claimData.sha256 ?? '';
          if (!/^[0-9a-f]{64}$/.test(sha256)) throw payloadMissing(sha256, folder, 'its reference is malformed');
          return PayloadProto.decode(await readWhole(pathOf(sha256), sha256, folder));
        }),
      ),
  };
}

/** Metadata in one order, so that equal payloads give equal bytes. */
function serialize({ metadata, data }: Payload): Uint8Array {
  const sorted = Object.entries(metadata ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return PayloadProto.encode({ metadata: Object.fromEntries(sorted), data }).finish();
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * The file appears whole or not at all, and is on the disk before its reference can be in a history: a run whose payload a
 * power cut took would wait for ever.
 */
async function writeOnce(path: string, bytes: Uint8Array): Promise<void> {
  if (await renewed(path)) return;
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const part = `${path}.${randomUUID()}.part`;
  try {
    await synced(part, 'wx', (file) => file.writeFile(bytes));
    await rename(part, path);
    await synced(folder, 'r');
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** A payload stored again counts as new: the collector of unused files spares young ones. */
async function renewed(path: string): Promise<boolean> {
  try {
    const now = new Date();
    await utimes(path, now, now);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

type Work = (file: Awaited<ReturnType<typeof open>>) => Promise<void>;

async function synced(path: string, flags: string, work?: Work): Promise<void> {
  await using file = await open(path, flags);
  await work?.(file);
  await file.sync();
}

async function readWhole(path: string, sha256: string, folder: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path);
    if (digest(bytes) === sha256) return bytes;
  } catch (error) {
    if (isAbsent(error)) throw payloadMissing(sha256, folder, 'its file is not there');
    throw error;
  }
  throw payloadMissing(sha256, folder, 'its file is damaged');
}

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
