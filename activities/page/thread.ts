// What the parsing thread runs. Nothing else imports it as a value: it is loaded by its path.
import { decodeHtml } from './charset.ts';
import { readDocument, type Reading } from './document.ts';

export interface ReadingTask {
  bytes: Uint8Array;
  /** What the Content-Type header said. */
  charset: string | undefined;
}

export type ThreadReading = Reading | { kind: 'unknown_charset' };

export default function read({ bytes, charset }: ReadingTask): ThreadReading {
  const html = decodeHtml(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), charset);
  return html === undefined ? { kind: 'unknown_charset' } : readDocument(html);
}
