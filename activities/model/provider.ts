// The door to a provider: one question goes out in the configured protocol, the pieces of its answer come back.
import { OpenAI } from 'openai';
import type { Attempt } from '../attempt.ts';
import { attached } from './background.ts';
import { chatPieces, chatRequest } from './chat.ts';
import type { ModelConfig } from './config.ts';
import { unreadableFault } from './faults.ts';
import type { Heard, Question } from './question.ts';
import { responsesPieces, responsesRequest } from './responses.ts';

/** Timeouts are the watchdog's: it knows what it waits for. */
const noTimeoutMs = 24 * 60 * 60 * 1000;

/** Retries are Temporal's, and the package logs nothing: its messages quote requests. */
export const createClient = ({ baseURL, apiKey }: ModelConfig): OpenAI =>
  new OpenAI({
    baseURL,
    // Servers that want no key get one that is none: the package insists.
    apiKey: apiKey || 'none',
    maxRetries: 0,
    timeout: noTimeoutMs,
    logLevel: 'off',
  });

export const isBackground = ({ background, protocol }: ModelConfig): boolean =>
  background === true && protocol === 'responses';

/** Asks, and buys: from the first event on the answer costs. */
export async function open(
  client: OpenAI,
  config: ModelConfig,
  question: Question,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<AsyncIterable<Heard>> {
  if (config.protocol === 'chat') {
    const official = new URL(config.baseURL).hostname === 'api.openai.com';
    const create = client.chat.completions.create(chatRequest(question, official), { signal });
    const { data, response } = await create.withResponse();
    mustStream(response);
    return chatPieces(data);
  }
  const background = isBackground(config);
  const create = client.responses.create(responsesRequest(question, background), { signal });
  const { data, response } = await create.withResponse();
  mustStream(response);
  return background ? attached(responsesPieces(data), attempt) : responsesPieces(data);
}

/** The package would read a page of HTML as a stream without events. */
function mustStream({ headers }: Response): void {
  const type = headers.get('content-type') ?? '';
  if (/html|json/.test(type)) throw unreadableFault(`it came as ${type.split(';')[0]}, not as a stream of events`);
}
