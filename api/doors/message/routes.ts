// The chat over a page: a message starts a run, and what its steps do is followed by the message's id.
import { createRoute } from '@hono/zod-openapi';
import { content, failure, json } from '../../answers.ts';
import { limitDepth } from '../../body.ts';
import type { Api, Core } from '../../deps.ts';
import { startRun } from '../../runs/start.ts';
import { follow } from './follow.ts';
import { messageAnswer, messageId, messageRequest, stepEvent } from './shape.ts';

const tags = ['Chat over a page'];

const start = createRoute({
  method: 'post',
  path: '/message',
  tags,
  summary: 'Ask a question, about a page or about anything',
  description:
    'Starts a run and answers at once, before any model is asked: GET /message/{messageId} follows it. With `url` the ' +
    'page is read, the sentences that matter are found, and the question is answered from them; without it the model ' +
    'answers alone. Whether the address can be read is found out by the run, whose step `load_docs` fails if not.',
  middleware: [limitDepth] as const,
  request: { body: { required: true, content: content(messageRequest) } },
  responses: {
    200: json('Started', messageAnswer),
    400: failure(400),
    413: failure(413),
    415: failure(415),
    422: failure(422),
    503: failure(503),
  },
});

const read = createRoute({
  method: 'get',
  path: '/message/{messageId}',
  tags,
  summary: 'Follow what became of a message',
  description:
    'Server-sent events without names, for `EventSource` and its `onmessage`: everything from the beginning, then live, ' +
    'for whoever comes, when and how often. Each `data` is a JSON object `{type, payload, messageId, step}`. After the ' +
    'last step comes `result`, and the stream ends; after a step that failed, was cancelled or timed out it ends without. ' +
    'While the run is paused or waits, the stream stays open. Who comes back begins again: no id of an event is needed.',
  request: { params: messageId },
  responses: {
    200: { description: 'The events', content: { 'text/event-stream': { schema: stepEvent } } },
    404: failure(404),
    503: failure(503),
  },
});

export function addMessage(app: Api, deps: Core): void {
  app.openapi(start, async (c) => {
    const { messages, url, overrides } = c.req.valid('json');
    const workflow = url === undefined ? 'simple' : 'rag';
    const { id } = await startRun(deps, { workflow, request: { input: { messages, url, overrides } } });
    return c.json({ messageId: id }, 200);
  });

  app.openapi(read, (c) => follow(deps, c, c.req.valid('param').messageId));
}
