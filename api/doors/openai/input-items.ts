// What a response was asked, as items: https://platform.openai.com/docs/api-reference/responses/input-items
import { z } from '@hono/zod-openapi';
import type { Core } from '../../deps.ts';
import { readRun } from '../../runs/read.ts';
import { badRequest } from './refusal.ts';
import { inputOf } from './asked.ts';

export const itemsPage = z.object({
  after: z.string().optional().openapi({ description: 'The id of the last item of the page before.' }),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(['asc', 'desc']).default('desc'),
});

/** Without what was said before it. */
export async function readInputItems(deps: Core, run: string, { after, limit, order }: z.infer<typeof itemsPage>) {
  const { messages, openai } = inputOf(await readRun(deps, run));
  const asked = messages.slice(openai.carried ?? Math.max(0, messages.length - 1));
  const oldestFirst = asked.map(({ role, content }, index) => ({
    id: `in_${run.replaceAll('-', '')}_${index}`,
    type: 'message',
    role,
    status: 'completed',
    content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text: content }],
  }));
  const all = order === 'asc' ? oldestFirst : oldestFirst.toReversed();
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (from === 0 && after !== undefined) throw badRequest('after', `There is no item '${after}'.`);
  const data = all.slice(from, from + limit);
  return {
    object: 'list',
    data,
    first_id: data.at(0)?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: from + limit < all.length,
  };
}
