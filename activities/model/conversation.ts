// Conversations kept outside of histories: a chain of blobs, each with what is new and a reference to what came before.
import type { Payload, StorageDriver } from '@temporalio/common';
import { StorageDriverClaim } from '@temporalio/common';
import { z } from 'zod';
import { Fault } from '../failures.ts';
import type { Message } from './model.ts';

export interface Conversations {
  /** @throws Fault `InvalidReference` for what is none; the driver's error when the blob is not there */
  load(reference: string): Promise<Message[]>;
  /** Keeps `before` and `messages` after it. Returns the reference to all of them. */
  append(before: string | undefined, messages: Message[]): Promise<string>;
}

interface Blob {
  before?: string;
  /** How many blobs this one would be the end of, had none been joined. */
  turns: number;
  messages: Message[];
}

/**
 * Every so many turns a blob takes over the messages of the blobs since the last such one: reading 500 turns takes at
 * most 16 + 31 reads, and all is stored about twice.
 */
const joined = 32;
const cacheChars = 32 * 1024 * 1024;

const call = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const message = z.union([
  z.object({ role: z.enum(['system', 'developer', 'user']), content: z.string() }),
  z.object({ role: z.literal('assistant'), content: z.string(), tool_calls: z.array(call).optional() }),
  z.object({ role: z.literal('tool'), content: z.string(), tool_call_id: z.string() }),
]);
const blob = z.object({ before: z.string().optional(), turns: z.number(), messages: z.array(message) });
const claim = z.record(z.string(), z.string());

export function createConversations(driver: StorageDriver): Conversations {
  const cache = createCache(cacheChars);

  const read = async (reference: string): Promise<Blob> => {
    const cached = cache.get(reference);
    if (cached) return cached;
    const [payload] = await driver.retrieve({}, [new StorageDriverClaim(parseReference(reference))]);
    const text = Buffer.from(payload?.data ?? []).toString();
    const found = blob.parse(JSON.parse(text));
    cache.put(reference, found, text.length);
    return found;
  };

  /** The messages from the blob that `reference` names back to one that `enough` accepts, which is not among them. */
  const collect = async (reference: string | undefined, enough: (blob: Blob) => boolean) => {
    const parts: Message[][] = [];
    let before = reference;
    while (before !== undefined) {
      const found = await read(before);
      if (enough(found)) break;
      parts.unshift(found.messages);
      before = found.before;
    }
    return { messages: parts.flat(), before };
  };

  const write = async (fresh: Blob): Promise<string> => {
    const text = JSON.stringify(fresh);
    const payload: Payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) };
    const [stored] = await driver.store({}, [payload]);
    if (!stored) throw new Error('The storage driver took a blob and gave no claim for it.');
    const reference = JSON.stringify(stored.claimData);
    cache.put(reference, fresh, text.length);
    return reference;
  };

  return {
    load: async (reference) => (await collect(reference, () => false)).messages,
    async append(before, messages) {
      const turns = 1 + (before === undefined ? 0 : (await read(before)).turns);
      if (turns % joined !== 0) return write({ before, turns, messages });
      const since = await collect(before, (found) => found.turns % joined === 0);
      return write({ before: since.before, turns, messages: [...since.messages, ...messages] });
    },
  };
}

function parseReference(reference: string): Record<string, string> {
  try {
    return claim.parse(JSON.parse(reference));
  } catch (cause) {
    throw new Fault(
      'InvalidReference',
      'This is not a reference to a conversation: pass on what an earlier answer gave as `reference`.',
      { cause },
    );
  }
}

interface Cache {
  get(reference: string): Blob | undefined;
  put(reference: string, blob: Blob, chars: number): void;
}

/** The least recently used go first. What a reference names never changes, so nothing in here gets old. */
function createCache(most: number): Cache {
  const held = new Map<string, { blob: Blob; chars: number }>();
  let total = 0;
  return {
    get(reference) {
      const found = held.get(reference);
      if (!found) return undefined;
      held.delete(reference);
      held.set(reference, found);
      return found.blob;
    },
    put(reference, fresh, chars) {
      if (held.has(reference)) return;
      held.set(reference, { blob: fresh, chars });
      total += chars;
      for (const [oldest, { chars: freed }] of held) {
        if (total <= most || oldest === reference) return;
        held.delete(oldest);
        total -= freed;
      }
    },
  };
}
