// What a program says of itself, read as the hostile text that it may be: nothing of it is believed but its form.
import { z } from 'zod';
import type { Cell } from './sandbox.ts';

const text = z.string().max(100_000);
const line = z.number().int().nullable();

const isCell = (cell: unknown): cell is Cell =>
  cell === null || typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean';

/** By hand: a million cells take zod a second. */
const column = z.custom<Cell[]>((value) => Array.isArray(value) && value.every(isCell), 'not a column');

const frame = z
  .object({
    columns: z.array(text),
    values: z.array(column),
    types: z.array(z.enum(['boolean', 'integer', 'number', 'text', 'date', 'mixed'])),
  })
  .refine(
    ({ columns, values, types }) =>
      columns.length === values.length &&
      columns.length === types.length &&
      values.every(({ length }) => length === values[0]?.length),
    'not a frame',
  );

const parameter = z.object({
  name: text,
  kind: z.enum(['positional', 'plain', 'keyword', 'rest', 'keywords']),
  optional: z.boolean(),
});

const answer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('result'), frame }),
  z.object({ kind: z.literal('exception'), message: text, detail: text, traceback: text }),
  z.object({
    kind: z.literal('limit'),
    limit: z.enum(['memory', 'processes', 'file_size', 'disk', 'open_files']),
  }),
  z.object({ kind: z.literal('no_frame'), got: text }),
  z.object({ kind: z.literal('exited'), code: z.number().int() }),
  z.object({ kind: z.literal('missing_package'), name: text }),
  z.object({ kind: z.literal('invalid_code'), message: text, line }),
  z.object({ kind: z.literal('function'), parameters: z.array(parameter), imports: z.array(text) }),
]);

export type Answer = z.infer<typeof answer>;

/** How the runner tells the end of a program; the program cannot reach it, but that is not relied on. */
const end = z.object({
  code: z.number().int().nullable(),
  signal: z.string().max(20).nullable(),
  cpu_ms: z.number().min(0),
  peak_bytes: z.number().min(0),
});

export type ProgramEnd = z.infer<typeof end>;

/** Undefined: it is none. */
export function readAnswer(bytes: Uint8Array): Answer | undefined {
  return answer.safeParse(parse(bytes)).data;
}

export function readEnd(bytes: Uint8Array): ProgramEnd | undefined {
  return end.safeParse(parse(bytes)).data;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return undefined;
  }
}
