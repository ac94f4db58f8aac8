// The HTTP side of the fake model server: a request comes in, goes into the ledger, and is answered or spoiled.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAsked, type Asked } from '../activities/model/server/asked.ts';
import { chatObject } from '../activities/model/server/chat-events.ts';
import { responseObject } from '../activities/model/server/response-events.ts';
import { encode } from '../activities/model/server/speech.ts';
import type { Background } from './openai-background.ts';
import type { Call, Fault, Script } from './openai-script.ts';
import { lastUser, speechFor, utter, type Uttered } from './openai-speech.ts';

export async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  ledger: Call[],
  next: (asked: Asked) => Script,
  background: Background,
): Promise<void> {
  const call = await enter(request, response);
  ledger.push(call);
  const url = new URL(call.path, 'http://fake');
  const isChat = url.pathname.endsWith('/chat/completions');
  if (request.method === 'POST' && (isChat || url.pathname.endsWith('/responses'))) {
    try {
      call.asked = readAsked(isChat ? 'chat' : 'responses', call.body);
    } catch (error) {
      return refuse(response, call, { status: 400, message: String(error) });
    }
    call.prompt = lastUser(call.asked);
    return answer(response, call, call.asked, next(call.asked), background);
  }
  const [, id, action] = /\/responses\/([^/]+)(\/cancel)?$/.exec(url.pathname) ?? [];
  const speaking = id === undefined ? undefined : background.find(id);
  if (speaking === undefined) return refuse(response, call, { status: 404, message: 'No such thing.' });
  if (action) speaking.cancel();
  if (action || url.searchParams.get('stream') !== 'true') return json(response, call, 200, speaking.object());
  const { streamable, hangUpAgain, hangUpAfterTokens, busy = 0 } = speaking.script;
  if (busy > 0) {
    speaking.script.busy = busy - 1;
    return refuse(response, call, { status: 429, retryAfterMs: 10 });
  }
  if (streamable === false) return refuse(response, call, { status: 400, message: 'This can no longer be streamed.' });
  const said = speaking.follow(Number(url.searchParams.get('starting_after') ?? -1));
  await stream(response, call, hangUpAgain ? brokenAfter(said, hangUpAfterTokens) : said);
}

async function enter(request: IncomingMessage, response: ServerResponse): Promise<Call> {
  const call: Call = {
    at: Date.now(),
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: undefined,
    prompt: '',
    outcome: 'open',
    tokens: 0,
    bytes: 0,
  };
  response.on('close', () => {
    if (call.outcome !== 'open') return;
    call.outcome = 'aborted';
    call.closed_at = Date.now();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  call.body = text === '' ? undefined : JSON.parse(text);
  return call;
}

async function answer(
  response: ServerResponse,
  call: Call,
  asked: Asked,
  script: Script,
  background: Background,
): Promise<void> {
  if (script.fault === 'hang') return;
  if (script.fault === 'html') return send(response, call, 200, 'text/html', '<!doctype html><h1>Sign in</h1>', {});
  if (typeof script.fault === 'object') return refuse(response, call, script.fault);
  const speech = speechFor(asked, script);
  const said = utter(asked, speech, script);
  if (asked.background) {
    const speaking = background.begin(speech, said, script);
    if (!asked.stream) return json(response, call, 200, speaking.object());
    return stream(response, call, brokenAfter(speaking.follow(-1), script.hangUpAfterTokens));
  }
  if (asked.stream) return stream(response, call, said);
  for await (const _ of said) if (call.outcome === 'aborted') return;
  json(response, call, 200, asked.protocol === 'chat' ? chatObject(speech) : responseObject(speech, 'completed'));
}

async function* brokenAfter(said: AsyncIterable<Uttered>, tokens = Infinity): AsyncGenerator<Uttered> {
  let heard = 0;
  for await (const one of said) {
    yield one;
    if (typeof one === 'object' && 'token' in one && one.token) heard += 1;
    if (heard >= tokens) return yield 'reset';
  }
}

async function stream(response: ServerResponse, call: Call, said: AsyncIterable<Uttered>): Promise<void> {
  const start = (): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  };
  for await (const one of said) {
    if (call.outcome === 'aborted') return;
    if (one === 'silence') return start();
    if (one === 'reset') {
      // A reset overtakes what was sent just before it: the client shall have read it.
      await sleep(20);
      call.outcome = 'faulted';
      call.ended_at = Date.now();
      response.socket?.resetAndDestroy();
      return;
    }
    start();
    const text = 'raw' in one ? one.raw : encode(one);
    if ('token' in one && one.token) {
      call.tokens += 1;
      call.first_token_at ??= Date.now();
    }
    call.bytes += Buffer.byteLength(text);
    response.write(text);
  }
  if (call.outcome === 'aborted') return;
  end(response, call);
}

function end(response: ServerResponse, call: Call): void {
  call.outcome = 'answered';
  call.ended_at = Date.now();
  response.end();
}

function refuse(response: ServerResponse, call: Call, fault: Extract<Fault, { status: number }>): void {
  const headers = {
    ...(fault.retryAfter !== undefined && { 'retry-after': fault.retryAfter }),
    ...(fault.retryAfterMs !== undefined && { 'retry-after-ms': String(fault.retryAfterMs) }),
    'x-request-id': 'req_fake',
  };
  const error = {
    message: fault.message ?? `Fake ${fault.status}`,
    type: 'fake',
    param: null,
    code: fault.code ?? null,
  };
  send(response, call, fault.status, 'application/json', JSON.stringify({ error }), headers);
}

const json = (response: ServerResponse, call: Call, status: number, value: unknown): void =>
  send(response, call, status, 'application/json', JSON.stringify(value), {});

function send(
  response: ServerResponse,
  call: Call,
  status: number,
  type: string,
  text: string,
  headers: Record<string, string>,
): void {
  response.writeHead(status, { 'content-type': type, ...headers });
  call.bytes += Buffer.byteLength(text);
  response.write(text);
  end(response, call);
}
