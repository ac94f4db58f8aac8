// The routes that steer a run: pause, resume, cancel, answer, limits, message.
import { createRoute, z } from '@hono/zod-openapi';
import { failure, json } from '../answers.ts';
import { limitDepth } from '../body.ts';
import type { Api, Core } from '../deps.ts';
import { answerRun } from './answer.ts';
import { type Control, control } from './control.ts';
import { runId } from './routes.ts';
import { changeLimits } from './limits.ts';
import { limitsChange } from './limits-request.ts';
import { tellRun } from './message.ts';
import { controlled, limited } from './shape.ts';
import type { RunStatus } from './status.ts';

const responses = {
  200: json('Done', controlled),
  400: failure(400),
  413: failure(413),
  415: failure(415),
  422: failure(422),
  503: failure(503),
};

const pauseBody = z
  .object({
    mode: z.enum(['drain', 'now']).optional().openapi({
      default: 'drain',
      description:
        'drain: steps in flight finish. now: they are aborted within a second; what they had produced is kept.',
    }),
  })
  .openapi('Pause');

const resumeBody = z
  .object({
    action: z.enum(['continue', 'regenerate']).optional().openapi({
      default: 'continue',
      description: 'After a pause `now`: go on from the partial text, or take the step again from scratch.',
    }),
  })
  .openapi('Resume');

const answerBody = z
  .object({
    waiting_id: z.string().openapi({ description: 'From waiting_for of the run.' }),
    value: z.unknown().openapi({ description: 'The answer.' }),
  })
  .openapi('Answer');

const optional = <T extends z.ZodType>(schema: T) => ({ required: false, content: { 'application/json': { schema } } });

const pause = createRoute({
  method: 'post',
  path: '/api/runs/{id}/pause',
  tags: ['Control'],
  summary: 'Pause a run',
  description:
    'No further step begins. The status is `paused` once nothing is in flight; until then `stopping` is true.',
  middleware: [limitDepth] as const,
  request: { params: runId, body: optional(pauseBody) },
  responses,
});

const resume = createRoute({
  method: 'post',
  path: '/api/runs/{id}/resume',
  tags: ['Control'],
  summary: 'Resume a paused run',
  middleware: [limitDepth] as const,
  request: { params: runId, body: optional(resumeBody) },
  responses,
});

const cancel = createRoute({
  method: 'post',
  path: '/api/runs/{id}/cancel',
  tags: ['Control'],
  summary: 'Cancel a run',
  description:
    'Steps in flight are aborted within a second; what they had produced is kept. No step begins after that.',
  request: { params: runId },
  responses,
});

const answer = createRoute({
  method: 'post',
  path: '/api/runs/{id}/answer',
  tags: ['Control'],
  summary: 'Answer what a run waits for',
  description: 'The first answer counts. 503 `answer_not_confirmed` when the run does not confirm it within 2 s.',
  middleware: [limitDepth] as const,
  request: { params: runId, body: { required: true, content: { 'application/json': { schema: answerBody } } } },
  responses: { ...responses, 409: failure(409) },
});

const limits = createRoute({
  method: 'post',
  path: '/api/runs/{id}/limits',
  tags: ['Control'],
  summary: 'Change what a run may spend',
  description:
    'What is left out stays, null takes a limit away. A run that waits for more goes on when this is enough.',
  middleware: [limitDepth] as const,
  request: { params: runId, body: { required: true, content: { 'application/json': { schema: limitsChange } } } },
  responses: { ...responses, 200: json('Done', limited) },
});

const messageBody = z
  .object({
    text: z.string().min(1),
    policy: z.enum(['queue', 'interrupt', 'reject']).optional().openapi({
      description:
        'queue: it is heard after the turn under way. interrupt: the model is stopped, calls of tools are waited for. reject: 409 while the run is at work. Default: as the agent is configured.',
    }),
  })
  .openapi('UserMessage');

const message = createRoute({
  method: 'post',
  path: '/api/runs/{id}/message',
  tags: ['Control'],
  summary: 'Say something to a run',
  description: 'Only a workflow with `takes_messages` in the catalogue hears it; else 409.',
  middleware: [limitDepth] as const,
  request: { params: runId, body: { required: true, content: { 'application/json': { schema: messageBody } } } },
  responses: { ...responses, 409: failure(409) },
});

const done = { pause: 'paused', resume: 'resumed', cancel: 'cancelled' } satisfies Record<Control['kind'], string>;

const told = (run_id: string, status: RunStatus, what: string) => ({
  success: true as const,
  run_id,
  status,
  message: `Run '${run_id}' ${what} successfully`,
});

export function addControl(app: Api, deps: Core): void {
  const steer = async (id: string, wanted: Control) => told(id, await control(deps, id, wanted), done[wanted.kind]);

  app.openapi(pause, async (c) => {
    const { mode = 'drain' } = c.req.valid('json');
    return c.json(await steer(c.req.valid('param').id, { kind: 'pause', mode }), 200);
  });

  app.openapi(resume, async (c) => {
    const { action = 'continue' } = c.req.valid('json');
    return c.json(await steer(c.req.valid('param').id, { kind: 'resume', action }), 200);
  });

  app.openapi(cancel, async (c) => c.json(await steer(c.req.valid('param').id, { kind: 'cancel' }), 200));

  app.openapi(answer, async (c) => {
    const { id } = c.req.valid('param');
    const status = await answerRun(deps, id, c.req.valid('json'));
    return c.json(told(id, status, 'answered'), 200);
  });

  app.openapi(limits, async (c) => {
    const { id } = c.req.valid('param');
    const { status, limits } = await changeLimits(deps, id, c.req.valid('json'));
    return c.json({ ...told(id, status, 'limited'), limits }, 200);
  });

  app.openapi(message, async (c) => {
    const { id } = c.req.valid('param');
    const status = await tellRun(deps, id, c.req.valid('json'));
    return c.json(told(id, status, 'messaged'), 200);
  });
}
