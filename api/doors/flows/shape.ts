// The JSON of flows, and how they are described in the OpenAPI document.
import { z } from '@hono/zod-openapi';

export const flowStatuses = ['pending', 'running', 'completed', 'failed'] as const;
export type FlowStatus = (typeof flowStatuses)[number];

export const accepted = z
  .object({ execution_id: z.string(), status: z.literal('pending'), message: z.string() })
  .openapi('ExecutionResponse');
export type Accepted = z.infer<typeof accepted>;

const time = z.iso.datetime();

export const execution = z
  .object({
    execution_id: z.string(),
    flow_name: z.string(),
    status: z.enum(flowStatuses).openapi({
      description:
        'A cancelled execution is failed with the error `cancelled`; one that is paused or waits is running.',
    }),
    created_at: time,
    started_at: time.nullable(),
    completed_at: time.nullable(),
    result: z.unknown().openapi({ description: "The flow's result; null until completed." }),
    error: z.string().nullable(),
  })
  .openapi('ExecutionStatusResponse');
export type Execution = z.infer<typeof execution>;
