// Event ids: where a viewer stands, so exactly that any API process goes on from there. Opaque to clients.
import { createHash } from 'node:crypto';
import { StreamIdError } from './errors.ts';

/** What a viewer was shown of a step in flight: the first `sent` characters of that attempt's text. */
export interface Shown {
  step: string;
  round: number;
  /** 0: the text as history has it, after it turned out to differ from what the attempt had said. */
  attempt: number;
  sent: number;
}

/** The newest durable event that was sent, and what was shown since of the steps in flight. */
export interface Place {
  ordinal: number;
  /** The last 12 hexadecimal digits of the timeline's Run Id. */
  timelineEnd: string;
  event: number;
  index: number;
  shown: readonly Shown[];
}

const version = 1;
const digestBytes = 4;
const endBytes = 6;
const sumBytes = 2;

/** Ids of one run. */
export interface EventIds {
  write(place: Place): string;
  /** Throws StreamIdError 400 for what is no id of ours, 404 for one of another run. */
  read(id: string): Place;
}

export function eventIds(run: string): EventIds {
  const digest = createHash('sha256').update(run).digest().subarray(0, digestBytes);
  return {
    write({ ordinal, timelineEnd, event, index, shown }) {
      const out = [version, ...digest];
      number(out, ordinal);
      out.push(...Buffer.from(timelineEnd, 'hex'));
      number(out, event);
      number(out, index);
      number(out, shown.length);
      for (const { step, round, attempt, sent } of shown) {
        const name = Buffer.from(step);
        number(out, name.length);
        out.push(...name);
        for (const value of [round, attempt, sent]) number(out, value);
      }
      const sum = checksum(out, out.length);
      return Buffer.from([...out, sum & 0xff, sum >> 8]).toString('base64url');
    },
    read(id) {
      const bytes = Buffer.from(id, 'base64url');
      if (bytes.length < 1 + digestBytes + sumBytes || bytes.toString('base64url') !== id) throw malformed();
      const end = bytes.length - sumBytes;
      const sum = bytes.readUInt16LE(end);
      if (bytes[0] !== version || sum !== checksum(bytes, end)) throw malformed();
      if (!bytes.subarray(1, 1 + digestBytes).equals(digest)) throw foreign();
      return readPlace(bytes.subarray(0, end));
    },
  };
}

export const timelineEnd = (timeline: string): string => timeline.replaceAll('-', '').slice(-2 * endBytes);

function readPlace(bytes: Buffer): Place {
  let at = 1 + digestBytes;
  const next = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 42) throw malformed();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw malformed();
    return bytes.subarray(at, (at += length));
  };
  const ordinal = next();
  const timeline = take(endBytes).toString('hex');
  const event = next();
  const index = next();
  const count = next();
  const shown: Shown[] = [];
  while (shown.length < count)
    shown.push({ step: take(next()).toString(), round: next(), attempt: next(), sent: next() });
  if (at !== bytes.length) throw malformed();
  return { ordinal, timelineEnd: timeline, event, index, shown };
}

/** LEB128: https://en.wikipedia.org/wiki/LEB128#Unsigned_LEB128 */
function number(out: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  out.push(rest);
}

/** FNV-1a, folded to 16 bits: http://www.isthe.com/chongo/tech/comp/fnv/. It tells a cut or mistyped id, nothing more. */
function checksum(bytes: ArrayLike<number>, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return (hash ^ (hash >>> 16)) & 0xffff;
}

const restart = 'Leave out Last-Event-ID (or last_event_id) to get the stream from its beginning.';

const malformed = () => new StreamIdError(400, 'event_id_malformed', `This is not an event id. ${restart}`);
const foreign = () => new StreamIdError(404, 'event_id_foreign', `This event id belongs to another run. ${restart}`);
export const expired = () =>
  new StreamIdError(410, 'event_id_expired', `The run no longer has the event of this id. ${restart}`);
