// Seeded garbage in every place of every route: never a 500, never silence.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiStage, openApiStage } from './api-stage.ts';
import { type Call, routes } from './api-routes.ts';

let api: ApiStage;
/** A run that nobody works on, and one that has ended. */
let known: string;
let ended: string;
beforeAll(async () => {
  api = await openApiStage(undefined, { taskQueue: `nobody-${randomUUID()}` });
  const input = { messages: [{ role: 'user', content: 'hello' }] };
  known = await api.start('simple', input);
  ended = await api.start('simple', input);
  await api.client.workflow.getHandle(ended).terminate();
  await api.ask('POST', '/api/agents', { name: 'fuzzed' });
});
afterAll(() => api.close());

const rounds = process.env['WAYMARK_LONG'] ? 25 : 6;

/** Numbers from 0 (inclusive) to 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

const words = [
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  'NaN',
  'null',
  'true',
  '[]',
  '{}',
  '{"a":',
  '\u0000',
  '\u0001',
  '\n',
  '\ud800',
  '\udfff',
  '\u202e',
  'é',
  '日本',
  '\u{1F600}',
  "'",
  '"',
  '\\',
  "' OR 1=1 --",
  "') OR ('1'='1",
  '%',
  '%%',
  '%2e%2e',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '${7*7}',
  '__proto__',
  'constructor',
  'toString',
  'x'.repeat(256),
  'é'.repeat(200),
  '𝕏'.repeat(101),
  '9'.repeat(30),
  '2026-11-21T00:00:00Z',
  '\r\nX-Injected: 1',
];

function garbage(next: () => number): {
  word: () => string;
  value: (depth?: number) => unknown;
} {
  const word = (): string =>
    words[Math.floor(next() * words.length)]! + (next() < 0.3 ? words[Math.floor(next() * words.length)]! : '');
  const value = (depth = 0): unknown => {
    const kind = Math.floor(next() * (depth > 3 ? 5 : 7));
    if (kind === 0) return null;
    if (kind === 1) return next() < 0.5;
    if (kind === 2) return (next() - 0.5) * 10 ** Math.floor(next() * 300);
    if (kind === 3 || kind === 4) return word();
    const size = Math.floor(next() * 4);
    if (kind === 5) return Array.from({ length: size }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: size }, () => [word(), value(depth + 1)]));
  };
  return { word, value };
}

const names = [
  'input',
  'run_id',
  'tags',
  'priority',
  'metadata',
  'limits',
  'webhook',
  'mode',
  'action',
  'waiting_id',
  'value',
  'messages',
  'url',
  'overrides',
  'agent_id',
  'message',
  'session_id',
  'user_id',
  'double_texting',
  'name',
  'description',
  'model',
  'tools',
  'config',
];
const parameters = [
  'limit',
  'offset',
  'status',
  'tag',
  'agent_id',
  'user_id',
  'session_id',
  'workflow',
  'problem',
  'timeout',
  'last_event_id',
];
const headers = ['accept', 'content-type', 'idempotency-key', 'last-event-id', 'x-request-id', 'origin'];

/** The call with some of its parts replaced by garbage. */
function spoil({ method, path, body, headers: given }: Call, next: () => number): Call {
  const { word, value } = garbage(next);
  const pick = (list: string[]) => list[Math.floor(next() * list.length)]!;
  // A result is waited for: only of a run that has one already.
  const id = next() < 0.5 ? (path.includes('/result') ? ended : known) : encodeURIComponent(word().toWellFormed());
  const query = Array.from(
    { length: Math.floor(next() * 3) },
    () => `${pick(parameters)}=${encodeURIComponent(word().toWellFormed())}`,
  );
  const sent: Record<string, unknown> = next() < 0.3 ? {} : { ...(typeof body === 'object' && body) };
  for (let i = next() * 3; i > 0; i--) sent[pick(names)] = value();
  const spoilt: Record<string, string> = { ...given };
  // A header's value is latin1 without controls; what is not never leaves a client.
  // oxlint-disable-next-line no-control-regex
  for (let i = next() * 2; i > 1; i--)
    spoilt[pick(headers)] = word()
      .replace(/[^\x20-\xff]/g, '')
      .trim();
  return {
    method,
    path: `${path.replace('RUN', id)}${path.includes('?') ? '&' : '?'}${query.join('&')}`,
    body: method === 'GET' || method === 'DELETE' ? undefined : next() < 0.2 ? word() : sent,
    headers: spoilt,
  };
}

test.each(
  routes('RUN').map((call) => [`${call.method} ${call.path} ${JSON.stringify(call.headers ?? {})}`, call] as const),
)('%s', async (_, call) => {
  const next = random(call.path.length * 31 + call.method.length);
  for (let i = 0; i < rounds; i++) {
    const spoilt = spoil(call, next);
    // Waiting for the end of an open run is what a result is for: not here.
    if (/\/result\?(?!.*timeout)/.test(spoilt.path)) spoilt.path += '&timeout=1';
    const answer = await api.ask(spoilt.method, spoilt.path, spoilt.body, spoilt.headers);
    const text = answer.headers.get('content-type')?.startsWith('text/event-stream') ? '' : await answer.text();
    await answer.body?.cancel().catch(() => {});
    if (answer.status >= 500 && !text.includes('answer_not_confirmed') && !text.includes('no_worker')) {
      throw new Error(`${answer.status} ${text} for ${JSON.stringify(spoilt)}\n${api.log.slice(-2).join('')}`);
    }
    expect(answer.headers.get('x-injected')).toBeNull();
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w=-]+$/);
  }
});
