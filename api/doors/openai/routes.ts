// The routes of OpenAI's protocol: agents are its models, their runs its completions and responses.
import { type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { json } from '../../answers.ts';
import { limitDepth } from '../../body.ts';
import { createArrivals } from '../../chat/arrivals.ts';
import type { Api, ApiEnv, Core } from '../../deps.ts';
import { digestOf } from '../../runs/idempotency.ts';
import { idempotencyKey } from '../../runs/request.ts';
import type { Asked } from '../../runs/started-before.ts';
import { complete } from './completion.ts';
import { itemsPage, readInputItems } from './input-items.ts';
import { listModels, readModel } from './models.ts';
import { badRequest } from './refusal.ts';
import { type CompletionRequest, completionRequest, parse, type ResponseRequest, responseRequest } from './request.ts';
import { cancelResponse, deleteResponse, respond } from './respond.ts';
import { readResponse, requireResponse } from './response.ts';
import { streamResponse } from './response-stream.ts';
import { completion, deleted, failure, itemList, model, modelList, response } from './shape.ts';

const tags = ['OpenAI'];
const modelId = z.object({ model: z.string().openapi({ description: "An agent's name." }) });
const responseId = z.object({ response_id: z.string().openapi({ description: '`resp_` and the id of the run.' }) });

const retrieval = z.object({
  stream: z.enum(['true', 'false']).optional(),
  starting_after: z.coerce.number().int().min(-1).optional().openapi({
    description: 'The sequence_number of the last event that was received: the stream goes on right after it.',
  }),
});

const body = (schema: z.ZodType) => ({ required: true, content: { 'application/json': { schema } } });
const eventStream = { 'text/event-stream': { schema: z.string() } };
const either = (schema: z.ZodType) => ({
  description: 'The answer; a stream with `stream: true`',
  content: { 'application/json': { schema }, ...eventStream },
});

const wrong = {
  400: failure('A field is wrong, or cannot be had here: `param` names it'),
  404: failure('No such model or response'),
  503: failure('Nobody is there to do it, or Temporal does not answer'),
};

const routes = {
  models: {
    method: 'get',
    path: '/v1/models',
    tags,
    summary: 'List agents as models',
    responses: { 200: json('All agents that are enabled', modelList), 503: wrong[503] },
  },
  model: {
    method: 'get',
    path: '/v1/models/{model}',
    tags,
    summary: 'Read an agent as a model',
    request: { params: modelId },
    responses: { 200: json('The model', model), 404: wrong[404], 503: wrong[503] },
  },
  complete: {
    method: 'post',
    path: '/v1/chat/completions',
    tags,
    summary: 'Let an agent answer messages',
    description: 'The agent calls its tools by itself; the client sees its text. A client that leaves stops nothing.',
    request: { headers: z.object({ 'idempotency-key': idempotencyKey }), body: body(completionRequest) },
    responses: {
      200: either(completion),
      ...wrong,
      408: failure('Not done in 15 minutes; the run goes on'),
      409: failure('The run was cancelled, or the Idempotency-Key was used for another request'),
      413: failure('Body over 1 MiB'),
      502: failure('The run failed'),
    },
  },
  respond: {
    method: 'post',
    path: '/v1/responses',
    tags,
    summary: 'Let an agent respond',
    description: 'A client that leaves stops nothing, whether it asked with `background` or not.',
    request: { headers: z.object({ 'idempotency-key': idempotencyKey }), body: body(responseRequest) },
    responses: {
      200: either(response),
      ...wrong,
      409: failure('The conversation does not take it, or the Idempotency-Key was used for another request'),
      413: failure('Body over 1 MiB'),
    },
  },
  retrieve: {
    method: 'get',
    path: '/v1/responses/{response_id}',
    tags,
    summary: 'Read a response, or follow it',
    description: 'With `stream=true` its events, from any sequence_number on, at any time, also after its end.',
    request: { params: responseId, query: retrieval },
    responses: { 200: either(response), ...wrong },
  },
  cancel: {
    method: 'post',
    path: '/v1/responses/{response_id}/cancel',
    tags,
    summary: 'Cancel a response',
    description: 'One that has ended stays as it is.',
    request: { params: responseId },
    responses: { 200: json('The response', response), ...wrong },
  },
  inputItems: {
    method: 'get',
    path: '/v1/responses/{response_id}/input_items',
    tags,
    summary: 'Read what a response was asked',
    request: { params: responseId, query: itemsPage },
    responses: { 200: json('Items', itemList), ...wrong },
  },
  remove: {
    method: 'delete',
    path: '/v1/responses/{response_id}',
    tags,
    summary: 'Delete a response and its run',
    request: { params: responseId },
    responses: { 200: json('Deleted', deleted), 404: wrong[404], 409: failure('It is in progress'), 503: wrong[503] },
  },
} satisfies Record<string, RouteConfig>;

/** Bodies and queries are read here: these clients expect 400 for what is wrong with them, and `param`. */
export function addOpenAI(app: Api, deps: Core): void {
  for (const route of Object.values(routes)) app.openAPIRegistry.registerPath(route);
  const arrivals = createArrivals(deps);
  const runOf = (c: Context<ApiEnv>) => requireResponse(deps, c.req.param('response_id') ?? '');

  app.get('/v1/models', async (c) => c.json(await listModels(deps), 200));
  app.get('/v1/models/:model', async (c) => c.json(await readModel(deps, c.req.param('model')), 200));

  app.post('/v1/chat/completions', limitDepth, async (c) => {
    const request = parse(completionRequest, await bodyOf(c));
    return complete(deps, c, request, askedIn(c, request));
  });

  app.post('/v1/responses', limitDepth, async (c) => {
    const request = parse(responseRequest, await bodyOf(c));
    return respond(deps, arrivals, c, request, askedIn(c, request));
  });

  app.get('/v1/responses/:response_id', async (c) => {
    const run = await runOf(c);
    const { stream, starting_after: after = -1 } = parse(retrieval, c.req.query());
    if (stream === 'true') return streamResponse(deps, c, { run, after });
    return c.json(await readResponse(deps, run), 200);
  });

  app.get('/v1/responses/:response_id/input_items', async (c) => {
    const run = await runOf(c);
    return c.json(await readInputItems(deps, run, parse(itemsPage, c.req.query())), 200);
  });

  app.post('/v1/responses/:response_id/cancel', async (c) => c.json(await cancelResponse(deps, await runOf(c)), 200));
  app.delete('/v1/responses/:response_id', async (c) => c.json(await deleteResponse(deps, await runOf(c)), 200));
}

/** The packages of OpenAI count their own tries: https://github.com/openai/openai-node/blob/master/src/client.ts */
const askedIn = (c: Context<ApiEnv>, request: CompletionRequest | ResponseRequest): Asked => ({
  digest: digestOf({ openai: { ...request, stream: undefined } }),
  key: parse(idempotencyKey, c.req.header('idempotency-key'), 'Idempotency-Key'),
  again: Number(c.req.header('x-stainless-retry-count') ?? 0) > 0,
});

async function bodyOf(c: Context<ApiEnv>): Promise<unknown> {
  try {
    return JSON.parse(await c.req.text());
  } catch {
    throw badRequest(null, 'The body is not JSON.', 'invalid_json');
  }
}
