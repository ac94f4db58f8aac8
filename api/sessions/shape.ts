// The JSON of sessions.
import { z } from '@hono/zod-openapi';
import { pageOf } from '../page.ts';
import { runRow } from '../runs/shape.ts';
import type { SessionTold } from './read.ts';

const time = z.iso.datetime().openapi({ description: 'ISO-8601, UTC.' });

const row = {
  id: z.string(),
  agent_id: z.string().openapi({ description: 'The agent that was asked last.' }),
  user_id: z.string().nullable(),
  owner: z.string().nullable().openapi({ description: 'Whose it is; null: auth was off.' }),
  turns: z.number().openapi({ description: 'Messages taken so far.' }),
  queued: z.number().openapi({ description: 'Of these, those whose runs are still to begin.' }),
  in_flight: z.string().nullable().openapi({ description: 'The run that is answering now.' }),
  head: z.string().nullable().openapi({ description: 'The run that the next message goes on from.' }),
  created_at: time,
  updated_at: time,
};

export const sessionRow = z.object(row).openapi('SessionRow');
export type SessionRow = z.infer<typeof sessionRow>;

export const sessionAnswer = z
  .object({
    ...row,
    runs: z.array(runRow).openapi({ description: 'The newest 100, oldest first. All: GET /api/runs?session_id=' }),
  })
  .openapi('Session');

export const sessionList = pageOf(sessionRow).openapi('SessionList');

export const promoted = z
  .object({ run_id: z.string(), session_id: z.string(), head: z.string(), message: z.string() })
  .openapi('Promoted');

export const rowOf = ({ session_id: id, begun, ...rest }: SessionTold): SessionRow => ({
  id,
  queued: Math.max(rest.turns - begun, 0),
  ...rest,
});
