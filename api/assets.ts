// Files that the service itself serves to browsers, read when first asked for and kept.
import { readFile } from 'node:fs/promises';
import type { Context } from 'hono';
import type { ApiEnv } from './deps.ts';

/** Where a file is, and what it is. */
export interface Asset {
  file: string | URL;
  type: string;
}

/**
 * Scripts and styles of our own alone; nothing of it works in another site's frame.
 * @param service an origin besides its own that the page may ask; '' for none
 */
export const pagePolicyFor = (service: string): string =>
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  `connect-src ${`'self' ${service}`.trim()}; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export const pagePolicy = pagePolicyFor('');

/** A handler that answers with the asset. */
export function serve({ file, type }: Asset, headers: Record<string, string> = {}) {
  let kept: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return async (c: Context<ApiEnv>) => {
    kept ??= read(file);
    return c.body(await kept, 200, { 'Content-Type': type, 'Cache-Control': 'no-cache', ...headers });
  };
}

const read = async (file: string | URL): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await readFile(file));
