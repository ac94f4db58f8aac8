// Owners as search attributes have them: two that differ must differ in every visibility store, and SQLite's and MySQL's
// compare without regard to case, accents or spaces at the end.
import { createHash } from 'node:crypto';
import { maxKeyword } from '../runs/keyword.ts';

/** What may stand as it is: few enough that no store takes one for another, and none that means anything to a query or an id. */
const plain = /[a-z0-9._@+|-]/;

const written = (byte: number): string => {
  const char = String.fromCharCode(byte);
  return byte < 128 && plain.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
};

/** Of the name of a key, or a JWT's `sub`: percent-encoded; one that is too long for a keyword as its sha256. */
export function ownerOf(name: string): string {
  const owner = [...Buffer.from(name)].map(written).join('');
  return owner.length <= maxKeyword ? owner : `%sha256-${createHash('sha256').update(name).digest('hex')}`;
}

/** As people know it. */
export const shownOwner = (owner: string): string =>
  owner.startsWith('%sha256-') ? owner : Buffer.from(owner.replace(/%([0-9A-F]{2})/g, raw), 'latin1').toString();

const raw = (_: string, hex: string): string => String.fromCharCode(Number.parseInt(hex, 16));
