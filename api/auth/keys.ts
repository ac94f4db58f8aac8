// Keys that stand in the environment: name:role:key, separated by commas. Only their hashes are kept.
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Known, type Role, roles } from './caller.ts';

export interface ApiKey extends Known {
  /** sha256 */
  hash: Buffer;
}

/** `wrong`: what is wrong with it, without a word of any key. */
export type ReadKeys = { keys: ApiKey[] } | { wrong: string };

export function readKeys(text: string): ReadKeys {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  // Who has set it believes to be behind a key.
  if (text !== '' && entries.length === 0) return { wrong: 'entry 1 is empty' };
  const keys: ApiKey[] = [];
  for (const [index, entry] of entries.entries()) {
    const key = keyIn(entry);
    if (!key) return { wrong: `entry ${index + 1} is not name:role:key, with a role of ${roles.join(', ')}` };
    if (keys.some(({ hash }) => hash.equals(key.hash))) return { wrong: `entry ${index + 1} has a key once more` };
    if (keys.some(({ name, role }) => name === key.name && role !== key.role))
      return { wrong: `entry ${index + 1} has the name of another one, and not its role` };
    keys.push(key);
  }
  return { keys };
}

/** The key itself may have colons. */
function keyIn(entry: string): ApiKey | undefined {
  const [, name = '', role = '', key = ''] = /^([^:]+):([^:]+):(.+)$/.exec(entry) ?? [];
  return isRole(role) && name.trim() === name ? { name, role, hash: hashOf(key) } : undefined;
}

export const isRole = (role: unknown): role is Role => roles.some((known) => known === role);

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** All are compared, each in constant time: how long it takes tells nothing. */
export function ownerOfKey(keys: readonly ApiKey[], token: string): Known | undefined {
  const given = hashOf(token);
  const [found] = keys.filter(({ hash }) => timingSafeEqual(hash, given));
  return found && { name: found.name, role: found.role };
}
