// Opens the payloads of a history: what cannot be opened becomes a fact of the run, never a fault of its reader.
import type { Payload } from '@temporalio/common';
import { withoutInternals } from './internals.ts';
import { withoutSecrets } from './secrets.ts';

/** Rejects when the payload store has lost it, or for an encoding that it does not know. */
export type Open = (payload: Payload) => Promise<unknown>;

/** `bytes`: size of its encoded form. A `large` one was left closed: parsing it would hold up everything else. */
export type Opened =
  | { state: 'value'; value: unknown; bytes: number }
  | { state: 'large'; payload: Payload; bytes: number }
  | { state: 'missing'; bytes: number }
  | { state: 'unreadable'; encoding: string; bytes: number };

/** What a stream shows of a value in full: 32 KiB. */
export const shownBytes = 32 * 1024;
/** Largest value that is opened for what it may say (a text, a cost): 1 MiB. */
export const openedBytes = 1024 * 1024;

export async function openPayload(open: Open, payload: Payload, upTo = openedBytes): Promise<Opened> {
  const bytes = sizeOf(payload);
  if (bytes > upTo) return { state: 'large', payload, bytes };
  try {
    return { state: 'value', value: presentable(await open(payload)), bytes };
  } catch {
    if (isStored(payload)) return { state: 'missing', bytes };
    return { state: 'unreadable', encoding: encodingOf(payload), bytes };
  }
}

export type Payloads = { payloads?: Payload[] | null } | null | undefined;

export async function openFirst(payloads: Payloads, open: Open, upTo?: number): Promise<Opened | undefined> {
  const payload = payloads?.payloads?.[0];
  return payload && (await openPayload(open, payload, upTo));
}

/** The value if there is one that can be shown, else what is known of it. */
export function shown(opened: Opened | undefined): unknown {
  if (!opened) return null;
  switch (opened.state) {
    case 'value':
      return withoutInternals(withoutSecrets(opened.value));
    case 'unreadable':
      return { encoding: opened.encoding, bytes: opened.bytes };
    case 'large':
    case 'missing':
      return null;
  }
}

export const valueOf = (opened: Opened | undefined): unknown => (opened?.state === 'value' ? opened.value : undefined);

/** A payload in external storage stands in history as a reference that knows the size of what it refers to. */
const isStored = (payload: Payload): boolean => (payload.externalPayloads?.length ?? 0) > 0;

function sizeOf(payload: Payload): number {
  const stored = payload.externalPayloads?.[0]?.sizeBytes;
  return stored ? Number(stored) : (payload.data?.length ?? 0);
}

function encodingOf(payload: Payload): string {
  const encoding = payload.metadata?.['encoding'];
  return encoding ? new TextDecoder().decode(encoding) : 'unknown';
}

function presentable(value: unknown): unknown {
  if (value === undefined) return null;
  return value instanceof Uint8Array ? { encoding: 'base64', data: Buffer.from(value).toString('base64') } : value;
}
