// What the fake model server says by itself, and how each scripted fault spoils it.
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asked } from '../activities/model/server/asked.ts';
import { chatEvents } from '../activities/model/server/chat-events.ts';
import { responseEvents, responseObject } from '../activities/model/server/response-events.ts';
import { countTokens, tokenize, type Speech, type WireEvent } from '../activities/model/server/speech.ts';
import type { Fault, Script, StreamFault } from './openai-script.ts';

/** The answer to a prompt that no script answers: `Answer <6 hex of sha256> word3 word4 …`, one word a token. */
export function defaultAnswer(prompt: string, tokens = 8): string {
  const mark = createHash('sha256').update(prompt).digest('hex').slice(0, 6);
  return Array.from({ length: tokens }, (_, n) => ['Answer', mark][n] ?? `word${n + 1}`).join(' ');
}

export const lastUser = (asked: Asked): string => asked.said.findLast(({ role }) => role === 'user')?.text ?? '';

export function speechFor(asked: Asked, script: Script): Speech {
  const said = typeof script.text === 'function' ? script.text(asked) : script.text;
  const calls = (script.calls ?? []).map((call, n) => ({
    id: call.id ?? `call_${n + 1}`,
    name: call.name,
    arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
  }));
  const text = said ?? (calls.length > 0 ? '' : defaultAnswer(lastUser(asked), script.tokens));
  const cut = script.fault === 'incomplete';
  const tokens = tokenize(text).slice(0, cut ? (script.afterTokens ?? 3) : undefined);
  const input = countTokens(asked.said.map((one) => one.text).join(''));
  return {
    id: `${asked.protocol === 'chat' ? 'chatcmpl' : 'resp'}_${randomUUID().slice(0, 8)}`,
    model: asked.model,
    tokens,
    calls,
    finish: cut ? 'incomplete' : 'complete',
    usage: { input_tokens: input, output_tokens: tokens.length + calls.length * 5, cached_tokens: 0, ...script.usage },
  };
}

/** One event of the answer, bytes that are no event, or the end of all that is well. */
export type Uttered = WireEvent | { raw: string } | 'reset' | 'silence';

export async function* utter(asked: Asked, speech: Speech, script: Script): AsyncGenerator<Uttered> {
  const events = asked.protocol === 'chat' ? chatEvents(speech, asked.include_usage) : responseEvents(speech);
  const fault = streamFault(script.fault);
  const spoilAt = fault === undefined || fault === 'no-end' ? Infinity : (script.afterTokens ?? 3);
  let tokens = 0;
  if (script.firstTokenMs) await sleep(script.firstTokenMs);
  for (const event of events) {
    if (tokens >= spoilAt) break;
    if (fault === 'no-end' && isTerminal(event)) return;
    if (event.token) {
      tokens += 1;
      if (script.tokenMs) await sleep(script.tokenMs);
    }
    yield event;
  }
  if (fault !== undefined && fault !== 'no-end') yield spoil(fault, asked, speech);
}

function streamFault(fault: Fault | undefined): StreamFault | undefined {
  const whole = fault === undefined || typeof fault === 'object';
  return whole || fault === 'html' || fault === 'hang' || fault === 'incomplete' ? undefined : fault;
}

const isTerminal = ({ name, data }: WireEvent): boolean =>
  name === undefined
    ? data === '[DONE]' || /"finish_reason":"|"choices":\[\]/.test(JSON.stringify(data))
    : ['response.completed', 'response.incomplete'].includes(name);

function spoil(fault: StreamFault, asked: Asked, speech: Speech): Uttered {
  const error = { type: 'server_error', code: 'server_error', message: 'The server had an error.', param: null };
  switch (fault) {
    case 'stall':
      return 'silence';
    case 'reset':
      return 'reset';
    case 'cut-json':
      return { raw: 'data: {"type":"response.output_text.delta","delta":"hal\n\n' };
    case 'error':
      if (asked.protocol === 'chat') return { data: { error }, token: false };
      return { name: 'error', data: { ...error, type: 'error', sequence_number: 99 }, token: false };
    case 'failed':
      if (asked.protocol === 'chat') return { data: { error }, token: false };
      return {
        name: 'response.failed',
        data: { type: 'response.failed', sequence_number: 99, response: responseObject(speech, 'failed', error) },
        token: false,
      };
    case 'no-end':
      return { raw: '' };
  }
}
