// The bytes of an answer's body, unpacked, and never more of them than allowed.
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { PageFault } from './fault.ts';

/** What the request offers to take; the keys of `decoders`. */
export const acceptEncoding = 'gzip, br, zstd';

const decoders: Record<string, () => Duplex> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  br: createBrotliDecompress,
  // The window of HTTP's zstd is 8 MB, so no header can claim more memory: https://www.rfc-editor.org/rfc/rfc9659
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 23 } }),
};

/**
 * @param encoding the Content-Encoding header. One coding at most: each more would multiply what a small body can cost
 * @param maxBytes of the unpacked body; counted while unpacking, so a bomb costs no more than this
 */
export async function readBody(body: Readable, encoding: string, maxBytes: number): Promise<Buffer> {
  const coding = encoding.trim().toLowerCase();
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  };
  if (coding === '' || coding === 'identity') await pipeline(body, collect);
  else {
    const decoder = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined;
    if (decoder === undefined) throw unknownCoding(coding);
    await pipeline(body, decoder(), collect);
  }
  return Buffer.concat(chunks, size);
}

export function tooLarge(maxBytes: number): PageFault {
  const megabytes = maxBytes / 1024 / 1024;
  return new PageFault('too_large', `The page is larger than ${megabytes} MB unpacked. Use a smaller page.`);
}

function unknownCoding(coding: string): PageFault {
  return new PageFault(
    'not_html',
    `The page came packed as "${coding.slice(0, 40)}", which was not asked for and cannot be read. Use another page.`,
  );
}
