// The built-in demo model: a model server on loopback that speaks both of OpenAI's protocols, for machines without a key.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZodError } from 'zod';
import { demoAnswer } from './demo-answer.ts';
import { readAsked, type Asked, type Protocol } from './server/asked.ts';
import { chatEvents, chatObject } from './server/chat-events.ts';
import { responseEvents, responseObject } from './server/response-events.ts';
import { countTokens, encode, tokenize, type Speech } from './server/speech.ts';

export const demoModelName = 'waymark-demo';

const mostBody = 32 * 1024 * 1024;

export interface DemoModel {
  /** For OPENAI_BASE_URL; a port of its own on 127.0.0.1. */
  url: string;
  /** Cuts what is being said. */
  close(): Promise<void>;
}

/** @param tokenMs wait before each token, in ms: there shall be time to see an answer come, and to pause it by hand */
export async function startDemoModel({ tokenMs = 40 } = {}): Promise<DemoModel> {
  const server = createServer((request, response) => {
    serve(request, response, tokenMs).catch((error: unknown) => {
      // Who asks wrongly is told; whoever has gone needs no answer.
      if (response.headersSent) response.destroy();
      else refuse(response, error instanceof ZodError || error instanceof SyntaxError ? 400 : 500);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, tokenMs: number): Promise<void> {
  const protocol = protocolOf(request);
  if (!protocol) return refuse(response, 404);
  const asked = readAsked(protocol, JSON.parse(await readBody(request)));
  const speech = speak(asked);
  if (asked.stream) return stream(response, asked, speech, tokenMs);
  const whole = protocol === 'chat' ? chatObject(speech) : responseObject(speech, 'completed');
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
}

function protocolOf({ method, url }: IncomingMessage): Protocol | undefined {
  if (method !== 'POST') return undefined;
  if (url === '/v1/responses') return 'responses';
  return url === '/v1/chat/completions' ? 'chat' : undefined;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += Buffer.byteLength(chunk);
    if (size > mostBody) throw new SyntaxError('The body is too long.');
  }
  return Buffer.concat(chunks).toString();
}

function speak(asked: Asked): Speech {
  const { text, calls } = demoAnswer(asked);
  const all = tokenize(text);
  const tokens = all.slice(0, asked.max_output_tokens);
  const input = asked.said.reduce((sum, one) => sum + countTokens(one.text), 0);
  const written = calls.map((call, n) => ({
    id: `call_demo_${asked.said.length}_${n + 1}`,
    name: call.name,
    arguments: JSON.stringify(call.arguments),
  }));
  const called = written.reduce((sum, call) => sum + countTokens(call.name + call.arguments), 0);
  return {
    id: `${asked.protocol === 'chat' ? 'chatcmpl' : 'resp'}_demo_${randomUUID()}`,
    // Whatever model was asked for, it is this one that answers.
    model: demoModelName,
    tokens,
    calls: written,
    finish: tokens.length < all.length ? 'incomplete' : 'complete',
    usage: { input_tokens: input, output_tokens: tokens.length + called, cached_tokens: 0 },
  };
}

async function stream(response: ServerResponse, asked: Asked, speech: Speech, tokenMs: number): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const events = asked.protocol === 'chat' ? chatEvents(speech, asked.include_usage) : responseEvents(speech);
  for (const event of events) {
    if (event.token) await sleep(tokenMs, undefined, { signal: gone.signal });
    response.write(encode(event));
  }
  response.end();
}

function refuse(response: ServerResponse, status: 400 | 404 | 500): void {
  const message = { 400: 'The body is not of this protocol.', 404: 'No such route.', 500: 'The demo model failed.' }[
    status
  ];
  const error = { message, type: 'demo_model_error', param: null, code: null };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
}
