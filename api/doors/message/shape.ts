// What this door takes and answers, as the OpenAPI document tells it.
import { z } from '@hono/zod-openapi';
import { conversation, overrides } from '../../../workflows/prompt.ts';

export const messageRequest = z
  .object({
    messages: conversation.openapi({ description: 'What was said so far; the last message is the question.' }),
    url: z.string().optional().openapi({
      description: 'A page to answer from: the run is one of *rag*. Without it the model answers alone: *simple*.',
    }),
    overrides: overrides.optional(),
  })
  .openapi('Message');

export const messageAnswer = z
  .object({ messageId: z.string().openapi({ description: "The run's id." }) })
  .openapi('MessageStarted');

export const messageId = z.object({
  messageId: z.string().openapi({ description: 'As POST /message gave it; the id of any run of *simple* or *rag*.' }),
});

const step = z.string().nullable().openapi({ description: "The step's name; null with `result`." });

export const stepEvent = z
  .object({
    type: z.enum([
      'STEP_RUN_EVENT_TYPE_STARTED',
      'STEP_RUN_EVENT_TYPE_COMPLETED',
      'STEP_RUN_EVENT_TYPE_FAILED',
      'STEP_RUN_EVENT_TYPE_CANCELLED',
      'STEP_RUN_EVENT_TYPE_TIMED_OUT',
      'result',
    ]),
    payload: z.unknown().openapi({
      description:
        'Of `…_COMPLETED` what the step puts out, of `…_FAILED` and `…_TIMED_OUT` `{"error"}`, of `result` the outputs ' +
        'of all steps by their names; else null.',
    }),
    messageId: z.string(),
    step,
  })
  .openapi('StepRunEvent', { description: 'The JSON in `data:` of one event; the events have no name.' });
