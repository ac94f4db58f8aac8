// The JSON of checkpoints, as the API answers it.
import { z } from '@hono/zod-openapi';
import { metrics, spent } from './shape.ts';

const call = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const message = z
  .object({
    role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
    content: z.string(),
    tool_calls: z.array(call).optional(),
    tool_call_id: z.string().optional(),
  })
  .openapi('ChatMessage', { description: "OpenAI's chat form." });

const brief = {
  id: z.string(),
  run_id: z.string(),
  step_num: z.number().openapi({ description: 'How many steps had completed; 0 before the first.' }),
  description: z.string().openapi({ description: "Given by a person, else the step's name." }),
  tags: z.array(z.string()),
  status: z.enum(['running', 'paused', 'waiting']).openapi({ description: 'Of the run, there.' }),
  created_at: z.iso.datetime().openapi({ description: 'When the step was completed, or the name given.' }),
};

export const checkpointRow = z
  .object({
    ...brief,
    message_count: z.number(),
    total_tokens: z.number().openapi({ description: 'Of all that led to it, whoever paid.' }),
  })
  .openapi('CheckpointRow');
export type CheckpointRow = z.infer<typeof checkpointRow>;

export const checkpointList = z
  .object({
    total: z.number(),
    items: z.array(checkpointRow).openapi({ description: 'Oldest first, over all timelines.' }),
    limit: z.number(),
    offset: z.number(),
  })
  .openapi('CheckpointList');
export type CheckpointList = z.infer<typeof checkpointList>;

const agentConfig = z
  .object({
    model: z.string().nullable(),
    system_prompt: z.string().nullable(),
    tools: z.array(z.string()),
    config: z.object({ temperature: z.number().nullable() }),
  })
  .openapi('AgentConfig', { description: 'How the model was last asked.' });

const step = z
  .object({
    step: z.string(),
    name: z.string(),
    kind: z.enum(['activity', 'wait']),
    activity: z.string().nullable().openapi({ description: 'Null for a wait for a person.' }),
    started_at: z.iso.datetime(),
    completed_at: z.iso.datetime().nullable(),
    input: z.unknown().optional().openapi({ description: 'Whole; absent when the history does not have it.' }),
    result: z.unknown().optional(),
    usage: spent.optional(),
  })
  .openapi('CheckpointStep');

export const checkpoint = z
  .object({
    ...brief,
    messages: z.array(message).openapi({
      description: 'What the steps up to there asked the model and were answered, as far as it is recorded.',
    }),
    metrics: metrics.openapi({ description: 'Of all that led to it, whoever paid.' }),
    agent_config: agentConfig.nullable().openapi({ description: 'Null before the first question to a model.' }),
    step: step.nullable().openapi({ description: 'The newest one that had completed; null before the first.' }),
  })
  .openapi('Checkpoint');
export type CheckpointAnswer = z.infer<typeof checkpoint>;
