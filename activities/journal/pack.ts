// Makes plain JSON of what Temporal's protocol buffers hold.
import type { Json } from './batch.ts';

/** Fields without a value are left out, 64-bit numbers become numbers, bytes as batch.ts says. */
export function pack(value: unknown): Json {
  if (value instanceof Uint8Array) return packBytes(value);
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value !== 'object' || value === null) return null;
  if ('toNumber' in value && typeof value.toNumber === 'function') return Number(value.toNumber());
  return packRecord(value);
}

export function packRecord(value: object): { [key: string]: Json } {
  const filled = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return Object.fromEntries(filled.map(([key, field]) => [key, pack(field)]));
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function packBytes(bytes: Uint8Array): Json {
  try {
    return { utf8: strict.decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}
