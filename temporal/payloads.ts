// Reads the payloads and failures of raw history events. The only importer of the SDK's internal converters.
import type { DataConverter, Payload, PayloadCodec, ProtoFailure } from '@temporalio/common';
import {
  decodeArrayFromPayloads,
  decodeMapFromPayloads,
  decodeOptionalFailureToOptionalError,
  ExternalStorageRunner,
  loadDataConverter,
  visit,
  walkGetWorkflowExecutionHistoryResponse,
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

type HistoryAnswer = Parameters<typeof walkGetWorkflowExecutionHistoryResponse>[0];

/**
 * Makes of a page of history what a worker would be told: references fetched, codecs undone, in place; values stay encoded.
 * Headers pass no codec, as in the SDK.
 */
export function openHistory(dataConverter: DataConverter): (answer: HistoryAnswer) => Promise<void> {
  const { externalStorage, payloadCodecs } = loadDataConverter(dataConverter);
  const stored = externalStorage ? [asCodec(new ExternalStorageRunner(externalStorage))] : [];
  const open = async (answer: HistoryAnswer, codecs: PayloadCodec[], skipHeaders: boolean) => {
    const decode = async (payloads: Payload[]) => {
      let opened = payloads;
      for (const codec of codecs.toReversed()) opened = await codec.decode(opened);
      return opened;
    };
    await visit(answer, walkGetWorkflowExecutionHistoryResponse, {
      transformPayload: async (payload) => (await decode([payload]))[0] ?? payload,
      transformPayloads: decode,
      skipSearchAttributes: true,
      skipHeaders,
    });
  };
  return async (answer) => {
    await open(answer, stored, false);
    if (payloadCodecs.length > 0) await open(answer, payloadCodecs, true);
  };
}

const asCodec = (runner: ExternalStorageRunner): PayloadCodec => ({
  encode: (payloads) => runner.store(payloads),
  decode: (payloads) => runner.retrieve(payloads),
});
