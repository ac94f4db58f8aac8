// The JSON of chats.
import { z } from '@hono/zod-openapi';
import { isText, maxKeyword, stored } from '../runs/keyword.ts';
import { startRequest } from '../runs/request.ts';
import { metrics } from '../runs/shape.ts';

/** As search attributes can hold it. */
const named = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => isText(text) && stored(text).length <= maxKeyword, {
    message: `Must be text of 1 to 200 characters (each " ' \\ or control character counts as three, of ${maxKeyword}).`,
  });

const { tags, metadata, limits } = startRequest.shape;

export const chatRequest = z
  .object({
    agent_id: z.string().openapi({ description: "The agent's name: GET /api/agents." }),
    message: z
      .string()
      .min(1)
      .refine((text) => text.isWellFormed(), { message: 'Must be well-formed text.' }),
    stream: z.boolean().default(true).openapi({ description: 'False: the answer comes as JSON, when it is complete.' }),
    session_id: named.optional().openapi({ description: 'The conversation; without it a new one begins.' }),
    user_id: named.optional(),
    tags,
    metadata,
    limits,
    double_texting: z.enum(['queue', 'interrupt', 'reject']).optional().openapi({
      description:
        "While another message is being answered: wait for it, cancel it and go on from there, or be refused with 409. Default: the agent's.",
    }),
  })
  .openapi('Chat');

export type ChatRequest = z.infer<typeof chatRequest>;

export const chatAnswer = z
  .object({ run_id: z.string(), session_id: z.string(), response: z.string(), metrics })
  .openapi('ChatAnswer');
export type ChatAnswer = z.infer<typeof chatAnswer>;
