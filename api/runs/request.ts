// What a client sends to start a run.
import { z } from '@hono/zod-openapi';
import { isText, maxKeyword, stored } from './keyword.ts';
import { limits } from './limits-request.ts';
import { maxIdLength } from './describe.ts';

/** What a memo may hold of the starter's, in bytes of JSON. */
const maxMetadataBytes = 2048;
/** Temporal's limit for one search attribute (limit.searchAttributeSizeOfValue), with room for what it adds. */
const maxTagsBytes = 2000;

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const tag = z
  .string()
  .min(1)
  .refine((text) => isText(text) && stored(text).length <= maxKeyword, {
    message: `A tag is text of 1 to ${maxKeyword} characters (each " ' \\ or control character counts as three).`,
  });

const later = (what: string) =>
  z
    .undefined({ error: `${what} come later: leave this out.` })
    .optional()
    .openapi({ type: 'object', description: `Comes later; a request that has it is refused with 422.` });

export const startRequest = z
  .object({
    input: z.unknown().optional().openapi({ description: "The workflow's input: GET /api/workflows has its schema." }),
    run_id: z
      .string()
      .min(1)
      .max(maxIdLength)
      .refine(isText, { message: 'Must be well-formed text without NUL.' })
      .optional()
      .openapi({ description: 'Names the run; without it the run gets a UUID. Taken already: 409.' }),
    tags: z
      .array(tag)
      .max(100)
      .refine((tags) => bytesOf(tags.map(stored)) <= maxTagsBytes, {
        message: `All tags together may have ${maxTagsBytes} bytes.`,
      })
      .optional()
      .openapi({ description: 'Lists can be filtered by them.' }),
    priority: z
      .enum(['low', 'normal', 'high'])
      .optional()
      .openapi({ description: 'Which runs go first when more are queued than workers take. Default: normal.' }),
    metadata: z
      .record(z.string(), z.unknown())
      .refine((metadata) => bytesOf(metadata) <= maxMetadataBytes, {
        message: `May have ${maxMetadataBytes} bytes as JSON.`,
      })
      .optional()
      .openapi({ description: 'Yours: kept with the run and given back with it. At most 2 KiB.' }),
    limits: limits.optional().openapi({ description: 'What it may spend: docs/limits.md.' }),
    webhook: later('Webhooks'),
  })
  .openapi('StartRun');

export type StartRequest = z.infer<typeof startRequest>;

/** Printable ASCII, as header values are. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, 'Must be 1 to 255 printable ASCII characters.')
  .optional();
