// Starts a research task, so often a minute and client.
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import type { z } from 'zod';
import type { ApiEnv, Core } from '../../deps.ts';
import { ApiError } from '../../errors.ts';
import { startRun } from '../../runs/start.ts';
import { createRate } from '../../rate.ts';
import type { taskRequest, taskResponse } from './shape.ts';

export const workflow = 'research_company';

const perMinute = 10;

type Start = (c: Context<ApiEnv>, request: z.infer<typeof taskRequest>) => Promise<z.infer<typeof taskResponse>>;

/** The start throws ApiError 429 when the client's address has had its share of this minute. */
export function createStarts(deps: Core): Start {
  const rate = createRate(perMinute, 60_000, deps.clock);
  return async (c, { company, focus_areas, priority }) => {
    const take = rate.take(addressOf(c));
    if (take.kind === 'refused') throw tooMany(take.againAfterMs);
    try {
      const request = { input: { company, focus_areas }, priority: priority === 'high' ? priority : 'low' } as const;
      const { id } = await startRun(deps, { workflow, request });
      return { agent_id: id, message: `Research task queued for ${company}` };
    } catch (error) {
      if (error instanceof ApiError && error.status === 422) take.giveBack();
      throw error;
    }
  };
}

function tooMany(againAfterMs: number): ApiError {
  const seconds = Math.ceil(againAfterMs / 1000);
  return new ApiError(429, 'rate_limited', `Too many tasks from this address. Try again in ${seconds} seconds.`, {
    more: { error: `Rate limit exceeded: ${perMinute} per 1 minute` },
    headers: { 'Retry-After': `${seconds}` },
  });
}

/** Asked without a socket, as tests do, all are one client. */
function addressOf(c: Context<ApiEnv>): string {
  try {
    return getConnInfo(c).remote.address ?? '';
  } catch {
    return '';
  }
}
