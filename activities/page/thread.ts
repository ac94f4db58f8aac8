// What the parsing thread runs. Nothing else imports it as a value: it is loaded by its path.
import { isNativeError } from 'node:util/types';
import { runInNewContext } from 'node:vm';
import { decodeHtml } from './charset.ts';
import { readDocument, type Reading } from './document.ts';

export interface ReadingTask {
  bytes: Uint8Array;
  charset: string | undefined;
  /** Longest time for this document, in ms: one that is made to be slow must not keep the others waiting. */
  limitMs: number;
}

export type ThreadReading = Reading | { kind: 'unknown_charset' } | { kind: 'too_slow' };

export default function read({ bytes, charset, limitMs }: ReadingTask): ThreadReading {
  const html = decodeHtml(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), charset);
  if (html === undefined) return { kind: 'unknown_charset' };
  let reading: Reading | undefined;
  try {
    // The context is only a way to the time limit, which holds for all that is called from inside.
    runInNewContext('work()', { work: () => (reading = readDocument(html)) }, { timeout: limitMs });
  } catch (error) {
    if (isNativeError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      return { kind: 'too_slow' };
    throw error;
  }
  return reading ?? { kind: 'no_body' };
}
