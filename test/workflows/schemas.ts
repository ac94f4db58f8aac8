// The shipped workflows, beside schemas of every kind: each run makes and uses them while zod is shared and frozen.
import { z } from 'zod';

export * from '../../workflows/index.ts';

const tree = z.object({
  name: z.string(),
  get under() {
    return z.array(tree);
  },
});

const parsed: [z.ZodType, unknown][] = [
  [z.email(), 'a@example.org'],
  [z.url(), 'https://example.org'],
  [z.uuid(), '01a1fdd8-8869-7f9b-b7a7-99b6fdcbac57'],
  [z.ipv4(), '192.0.2.1'],
  [z.ipv6(), '2001:db8::1'],
  [z.cidrv4(), '192.0.2.0/24'],
  [z.nanoid(), 'V1StGXR8_Z5jdHi6B-myT'],
  [z.ulid(), '01ARZ3NDEKTSV4RRFFQ69G5FAV'],
  [z.e164(), '+4915123456789'],
  [z.emoji(), '🙂'],
  [z.iso.datetime(), '2020-01-01T00:00:00Z'],
  [z.iso.date(), '2020-01-01'],
  [z.iso.duration(), 'P1D'],
  [z.string().trim().toLowerCase().regex(/a/).min(1), 'A '],
  [z.coerce.number().int().min(1), '1'],
  [z.coerce.bigint(), '1'],
  [z.stringbool(), 'yes'],
  [z.date(), new Date(0)],
  [z.strictObject({ a: z.string().default('x'), b: z.int().optional() }), {}],
  [z.looseObject({ a: z.string() }).extend({ b: z.string() }).pick({ b: true }), { b: 'b' }],
  [z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]), { k: 'b' }],
  [z.union([z.string(), z.null()]), null],
  [z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })), { a: '', b: '' }],
  [z.record(z.string(), z.number()), { a: 1 }],
  [z.tuple([z.string(), z.number()]), ['a', 1]],
  [z.map(z.string(), z.set(z.number())), new Map()],
  [z.enum(['a', 'b']), 'a'],
  [z.lazy(() => z.string()), 'a'],
  [tree, { name: 'a', under: [{ name: 'b', under: [] }] }],
  [z.json(), { a: [1, null] }],
  [z.templateLiteral(['a', z.number()]), 'a1'],
  [z.custom((value) => value === 1), 1],
  [z.preprocess(String, z.string()), 1],
  [z.string().transform(Number).pipe(z.number()).catch(0).brand('n').readonly(), '1'],
  [z.string().refine((text) => text === 'a'), 'a'],
  [z.string().meta({ id: 'schemas-described', title: 'A' }).describe('b').nullish(), undefined],
];

for (const [schema, value] of parsed) schema.parse(value);

const refused = z.object({ a: z.email(), b: z.number() }).safeParse({ a: 'b' });
if (refused.success) throw new Error('An object of another shape was taken.');
z.prettifyError(refused.error);
z.toJSONSchema(tree);
