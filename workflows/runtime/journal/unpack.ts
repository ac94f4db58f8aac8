// Makes of a journal's JSON what the SDK takes: the other half of activities/journal/pack.ts.
import { encode } from '@temporalio/common/lib/encoding.js';
import type { Json } from '../../../activities/journal/batch.ts';

/** A journal is our own writing: T is trusted. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- trusted, as any type is inside a workflow
export function unpack<T>(packed: Json): T;
export function unpack(packed: Json): unknown {
  if (typeof packed !== 'object' || packed === null) return packed;
  if (Array.isArray(packed)) return packed.map((item) => unpack<unknown>(item));
  const { utf8, base64 } = packed;
  if (typeof utf8 === 'string') return encode(utf8);
  if (typeof base64 === 'string') return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return Object.fromEntries(Object.entries(packed).map(([key, value]) => [key, unpack<unknown>(value)]));
}
