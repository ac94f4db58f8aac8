// What each activity changes outside: who forks a run is told before a step is taken again. A plain value, for the API too.
import { z } from 'zod';
import type { Activities } from './index.ts';
import { toolNamed } from './tools/index.ts';

/** `none`: it only reads, though it may cost. `idempotent`: once more changes nothing more. `external`: it happens again. */
export const effects = ['none', 'idempotent', 'external'] as const;
export type Effect = (typeof effects)[number];

/** `callTool` does what its tool does. */
const known: Record<Exclude<keyof Activities, 'callTool'>, Effect> = {
  callModel: 'none',
  listTools: 'none',
  fetchPage: 'none',
  savePoem: 'idempotent',
  checkFunction: 'none',
  runFunction: 'none',
  // Each makes a function of its own.
  saveFunction: 'external',
  loadFunction: 'none',
};

const table = new Map<string, Effect>(Object.entries(known));

/** Of an activity or a tool that is not one of ours, the worst. `input`: what it was called with. */
export const effectOf = (activity: string, input: unknown): Effect =>
  (activity === 'callTool' ? effectOfTool(input) : table.get(activity)) ?? 'external';

const toolCall = z.object({
  tool: z.string(),
  approved: z.literal(true).optional(),
  server: z
    .object({ effect: z.enum(effects), server: z.object({ approval: z.enum(['always', 'never']).optional() }) })
    .transform(({ effect, server: { approval } }) => ({ effect, approval }))
    .optional(),
});

function effectOfTool(input: unknown): Effect | undefined {
  const call = toolCall.safeParse(input).data;
  const tool = call && (call.server ?? toolNamed(call.tool));
  // Until somebody has approved it, it only asks.
  return tool?.approval === 'always' && call?.approved !== true ? 'none' : tool?.effect;
}
