// Reads what an attempt is handed: the record of the attempt before it, and the gate's header.
import type { Info } from '@temporalio/activity';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { z } from 'zod';
import { gateHeaderName, type AttemptRecord, type GateHeader } from './attempt.ts';
import { nothing } from './spent.ts';

const spent = z.object({
  input_tokens: z.number(),
  output_tokens: z.number(),
  cost_usd: z.number().nullable(),
  estimated: z.boolean(),
});

const record = z.object({
  kind: z.literal('attempt'),
  response_id: z.string().optional(),
  sequence: z.number().optional(),
  spent,
  faults: z.number(),
  first_started_at: z.number(),
});

const header = z.object({
  round: z.number(),
  resumed: z
    .object({ text: z.string(), response_id: z.string().optional(), sequence: z.number().optional() })
    .optional(),
});

/** What is of another shape (an activity of somebody's own, an older version) is no record: the count starts anew. */
export function recordOf({ heartbeatDetails }: Info, now = Date.now()): AttemptRecord {
  const parsed = record.safeParse(heartbeatDetails);
  return parsed.success ? parsed.data : { kind: 'attempt', spent: nothing, faults: 0, first_started_at: now };
}

/** Without a header (a worker without the gate) it is the first round. */
export function headerOf(headers: Headers): GateHeader {
  const payload = headers[gateHeaderName];
  return payload ? header.parse(defaultPayloadConverter.fromPayload(payload)) : { round: 0 };
}
