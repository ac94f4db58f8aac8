// How values become payloads, the same in every client and worker: JSON, a codec if there is one, large ones as files.
import { join } from 'node:path';
import {
  type DataConverter,
  defaultPayloadConverter,
  ExternalStorage,
  type PayloadCodec,
  type StorageDriver,
} from '@temporalio/common';
import { fileDriver } from './files.ts';

/** Payloads of this many bytes and more live outside the history, which holds a reference of some 300 bytes. */
export const threshold = 32 * 1024;

/** The blobs of a data folder; also keeps what activities refer to by content. */
export const blobs = (data: string): StorageDriver => fileDriver(join(data, 'blobs'));

/**
 * Codecs run before the payload is stored, so that files and history hold what they make of it. One that does not give the
 * same bytes for the same value would keep equal payloads from sharing a file.
 */
export function createDataConverter(driver: StorageDriver, payloadCodecs: PayloadCodec[] = []): DataConverter {
  return {
    payloadCodecs,
    externalStorage: new ExternalStorage({ drivers: [driver], payloadSizeThreshold: threshold }),
  };
}

/**
 * Stores of a value what the converter with the same driver and codecs will store of it, which is then there already:
 * whoever does so has the time, and the tries, that the SDK does not give a converter.
 */
export function createKeeper(
  driver: StorageDriver,
  payloadCodecs: PayloadCodec[] = [],
): (value: unknown) => Promise<void> {
  return async (value) => {
    let payloads = [defaultPayloadConverter.toPayload(value)];
    for (const codec of payloadCodecs) payloads = await codec.encode(payloads);
    const large = payloads.filter(({ data }) => (data?.length ?? 0) >= threshold);
    if (large.length > 0) await driver.store({}, large);
  };
}
