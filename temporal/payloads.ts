// Reads the payloads and failures of raw history events. The only importer of the SDK's internal converters.
import type { DataConverter, Payload, PayloadCodec, ProtoFailure } from '@temporalio/common';
import {
  decodeArrayFromPayloads,
  decodeMapFromPayloads,
  decodeOptionalFailureToOptionalError,
  ExternalStorageRunner,
  loadDataConverter,
} from '@temporalio/common/lib/internal-non-workflow/index.js';

export interface PayloadReader {
  /** The values of a list of payloads; of none, []. */
  values(payloads?: Payload[] | null): Promise<unknown[]>;
  /** The first value of a list of payloads, undefined without one. */
  value(payloads?: Payload[] | null): Promise<unknown>;
  /** The values of a map of payloads, as a memo or a header has. */
  record(payloads?: Record<string, Payload> | null): Promise<Record<string, unknown>>;
  /** The error that a workflow would have caught. */
  failure(failure?: ProtoFailure | null): Promise<Error | undefined>;
}

/** External references are fetched, codecs undone, JSON parsed. Throws PayloadMissing as the data converter does. */
export function openPayloads(dataConverter: DataConverter): PayloadReader {
  const { externalStorage, ...loaded } = loadDataConverter(dataConverter);
  const outermost = externalStorage ? [asCodec(new ExternalStorageRunner(externalStorage))] : [];
  const converter = { ...loaded, payloadCodecs: [...loaded.payloadCodecs, ...outermost] };
  return {
    values: (payloads) => decodeArrayFromPayloads(converter, payloads),
    value: async (payloads) => (await decodeArrayFromPayloads(converter, payloads?.slice(0, 1)))[0],
    record: async (payloads) => (await decodeMapFromPayloads(converter, payloads)) ?? {},
    failure: (failure) => decodeOptionalFailureToOptionalError(converter, failure),
  };
}

const asCodec = (runner: ExternalStorageRunner): PayloadCodec => ({
  encode: (payloads) => runner.store(payloads),
  decode: (payloads) => runner.retrieve(payloads),
});
