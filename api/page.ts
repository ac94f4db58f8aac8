// Pages of lists: which one is asked for, and what it looks like.
import { z } from '@hono/zod-openapi';

/** A whole number in a query. */
export function whole(least: number, most: number, fallback: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, `Must be a whole number from ${least} to ${most}.`)
    .transform(Number)
    .pipe(z.number().int().min(least).max(most))
    .optional()
    .transform((value) => value ?? fallback)
    .openapi({ type: 'integer', minimum: least, maximum: most, default: fallback });
}

/** Of a query: twenty a page unless it says otherwise, a thousand at most. */
export const paging = { limit: whole(1, 1000, 20), offset: whole(0, Number.MAX_SAFE_INTEGER, 0) };

/** `total`: of all pages. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ total: z.number(), items: z.array(item), limit: z.number(), offset: z.number() });
