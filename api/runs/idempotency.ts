// Idempotency-Key: the same key and request name the same run.
import { createHash } from 'node:crypto';

/** The run's id: a UUID made of the owner and the key. Other owners' keys are other runs. */
export const runIdOf = (owner: string | undefined, key: string): string =>
  uuidOf(owner === undefined ? ['waymark', '', key] : ['waymark', 'run', owner, key]);

/** The same of a session that was not named. */
export const sessionIdOf = (owner: string | undefined, key: string): string =>
  uuidOf(owner === undefined ? ['waymark', 'session', key] : ['waymark', 'session', owner, key]);

function uuidOf(parts: string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x40;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** Equal for requests that differ only in the order of their keys. `request` must be JSON. */
export const digestOf = (request: unknown): string => createHash('sha256').update(canonical(request)).digest('hex');

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join()}}`;
}
