// The route of chats: a message to an agent, answered as an event stream or as one JSON.
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { failure } from '../answers.ts';
import { limitDepth } from '../body.ts';
import type { Api, Core } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { sendStart } from '../events-answer.ts';
import { sseBody, sseHeaders } from '../events/sse.ts';
import { idempotencyKey } from '../runs/request.ts';
import { awaitResult, type Ended } from '../runs/result.ts';
import { type Arrivals, createArrivals } from './arrivals.ts';
import { type Taken, takeMessage } from './chat.ts';
import { later } from './later.ts';
import { type ChatAnswer, chatAnswer, chatRequest } from './shape.ts';

const chat = createRoute({
  method: 'post',
  path: '/api/chat',
  tags: ['Chat'],
  summary: 'Send a message to an agent',
  description:
    'Answers with the event stream of the run that answers it; with `stream: false` with the answer, when it is complete. ' +
    'A client that leaves does not stop the run. With `Idempotency-Key`, the same key and request are one message.',
  middleware: [limitDepth] as const,
  request: {
    headers: z.object({ 'idempotency-key': idempotencyKey }),
    body: { required: true, content: { 'application/json': { schema: chatRequest } } },
  },
  responses: {
    200: {
      description: 'The answer',
      content: { 'application/json': { schema: chatAnswer }, 'text/event-stream': { schema: z.string() } },
    },
    400: failure(400),
    404: failure(404),
    408: failure(408),
    409: failure(409),
    413: failure(413),
    415: failure(415),
    422: failure(422),
    500: failure(500),
    502: failure(502),
    503: failure(503),
  },
});

/** A client waits so long for an answer, in seconds; the run goes on. */
const longestWait = 900;

export function addChat(app: Api, deps: Core): void {
  const arrivals = createArrivals(deps);

  app.openapi(chat, async (c) => {
    const request = c.req.valid('json');
    const taken = await takeMessage(deps, request, { key: c.req.valid('header')['idempotency-key'] });
    c.header('Location', `/api/runs/${runOf(taken)}`);
    if (request.stream) return stream(deps, arrivals, c, taken);
    return c.json(await answerOf(deps, arrivals, taken, c.req.raw.signal), 200);
  });
}

const runOf = (taken: Taken): string => (taken.kind === 'begun' ? taken.run.id : taken.run_id);

async function stream(deps: Core, arrivals: Arrivals, c: Context, taken: Taken): Promise<Response> {
  if (taken.kind === 'begun') return sendStart(deps, c, taken.run);
  const { session_id, run_id } = taken;
  const subscription = later(deps, run_id, (left) => arrivals.wait(session_id, taken, left));
  return c.body(sseBody(subscription), 200, sseHeaders);
}

/** Throws ApiError: 408 when it takes too long, 409 when it was cancelled, 502 when the model failed. */
async function answerOf(deps: Core, arrivals: Arrivals, taken: Taken, left: AbortSignal): Promise<ChatAnswer> {
  const run_id = runOf(taken);
  const { session_id } = taken;
  if (taken.kind === 'queued') await arrivals.wait(session_id, taken, left);
  const { status, response, metrics, error } = await awaitResult(deps, run_id, longestWait, left);
  switch (status) {
    case 'completed':
      return { run_id, session_id, response: response ?? '', metrics };
    case 'cancelled':
      throw new ApiError(409, 'run_cancelled', `Run '${run_id}' was cancelled.`, {
        more: { run_id, session_id, response },
      });
    case 'failed':
      throw failed(run_id, session_id, error);
  }
}

/** By their names in activities/failures.ts. */
const ofModel = /^Model/;

function failed(run_id: string, session_id: string, error: Ended['error']): ApiError {
  const { type, message } = error ?? { type: 'run_failed', message: 'The run failed.' };
  const more = { run_id, session_id };
  if (ofModel.test(type)) return new ApiError(502, type, message, { more });
  return new ApiError(500, 'run_failed', `Run '${run_id}' failed: ${message}`, { more: { ...more, error: type } });
}
