// The JSON of metrics, and the times that they can be asked of.
import { z } from '@hono/zod-openapi';

const sampled_runs = z.number().openapi({
  description: 'The runs that the tokens are summed over: fewer than all only of many, or when histories are long.',
});

const seconds = (what: string) =>
  z
    .number()
    .nullable()
    .openapi({ description: `${what}, from creation to end, in seconds. Null: of none.` });

export const agentMetrics = z
  .object({
    agent_id: z.string(),
    total_runs: z.number(),
    completed_runs: z.number(),
    failed_runs: z.number(),
    cancelled_runs: z.number(),
    active_runs: z.number().openapi({ description: 'Not ended, in whatever state.' }),
    success_rate: z
      .number()
      .nullable()
      .openapi({ description: 'Completed runs of those that have ended, 0 to 1. Null: none has.' }),
    avg_duration: seconds('The average of the ended runs'),
    total_tokens: z.number().openapi({ description: 'Of answers, so far; what was spent in vain is not in it.' }),
    avg_tokens_per_run: z.number().nullable(),
    sampled_runs,
  })
  .openapi('AgentMetrics');
export type AgentMetrics = z.infer<typeof agentMetrics>;

export const systemMetrics = z
  .object({
    total_agents: z.number(),
    total_runs: z.number(),
    active_runs: z.number().openapi({ description: 'Not ended, in whatever state.' }),
    runs_today: z.number().openapi({ description: 'Created since midnight, UTC.' }),
    total_tokens_today: z.number().openapi({ description: "Of today's runs." }),
    avg_response_time: seconds("The average of today's completed runs"),
    sampled_runs,
  })
  .openapi('SystemMetrics');
export type SystemMetrics = z.infer<typeof systemMetrics>;

const hasZone = /(Z|[+-]\d\d:?\d\d)$/;

const time = z
  .union([z.iso.datetime({ offset: true, local: true }), z.iso.date()], {
    error: 'Must be a time in ISO-8601, such as 2026-01-31T12:00:00Z (in an address, + is written %2B).',
  })
  .transform((text) => Date.parse(text.includes('T') && !hasZone.test(text) ? `${text}Z` : text))
  .optional();

export const metricsQuery = z
  .object({
    start_time: time.openapi({ type: 'string', format: 'date-time', description: 'Of creation, inclusive.' }),
    end_time: time.openapi({ type: 'string', format: 'date-time', description: 'Of creation, exclusive.' }),
  })
  .refine(
    ({ start_time, end_time }) => !(start_time !== undefined && end_time !== undefined && start_time > end_time),
    {
      path: ['start_time'],
      message: 'Must not be after end_time.',
    },
  );
