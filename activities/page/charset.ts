// The bytes of an HTML document as text.
import { isUtf8 } from 'node:buffer';
import { getEncoding } from 'encoding-sniffer';

/**
 * The encoding is found as a browser finds it (https://html.spec.whatwg.org/#determining-the-character-encoding): byte
 * order mark, header, <meta>. Without any of them it is UTF-8 if the bytes are, else windows-1252.
 *
 * @param charset what the Content-Type header said
 * @returns undefined for an encoding that browsers do not read either
 */
export function decodeHtml(bytes: Buffer, charset: string | undefined): string | undefined {
  const encoding = getEncoding(bytes, {
    transportLayerEncodingLabel: charset,
    defaultEncoding: isUtf8(bytes) ? 'utf-8' : 'windows-1252',
  });
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
